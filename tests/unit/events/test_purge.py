"""The message that asks for a purge holds any key, and refuses every other form."""

import json

import pytest
from hypothesis import given

from shared.events import purge
from shared.model.errors import BadMessage
from tests.support.awkward import any_key

pytestmark = pytest.mark.unit


@given(any_key)
def test_any_key_survives_its_message(key: str) -> None:
    body = purge.write(key)

    assert purge.read(body) == purge.PurgeRequest(key)
    assert body.isascii()


def test_everything_has_a_message_too() -> None:
    assert purge.read(purge.write_everything()) == purge.PurgeRequest("", is_everything=True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "cat.jpg",
        "[]",
        "{}",
        '{"pixfleet": "backfill", "version": 1, "bucket": "b", "keys": []}',
        '{"pixfleet": "purge", "version": 2, "key": "a"}',
        '{"pixfleet": "purge", "version": 1}',
        '{"pixfleet": "purge", "version": 1, "key": ""}',
        '{"pixfleet": "purge", "version": 1, "key": 7}',
        '{"pixfleet": "purge", "version": 1, "everything": false}',
        '{"pixfleet": "purge", "version": 1, "key": "a", "everything": true}',
        json.dumps({"pixfleet": "purge", "version": 1, "key": "a" * 1025}),
        '{"pixfleet": "purge", "version": 1, "key": "\\ud800"}',
        "[" * 100_000,
    ],
)
def test_other_messages_are_refused(body: str) -> None:
    with pytest.raises(BadMessage):
        purge.read(body)
