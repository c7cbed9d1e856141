from datetime import UTC, datetime

import pytest
from hypothesis import given

from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.model.errors import BadMessage
from tests.support.awkward import KEYS, any_key
from tests.support.bodies import altered, body

pytestmark = pytest.mark.unit

KEY = "detail.object.key"


@pytest.mark.parametrize(
    ("name", "event"),
    [("eventbridge_created", "Object Created"), ("eventbridge_deleted", "Object Deleted")],
)
def test_an_event_gives_a_hint_of_its_key(name: str, event: str) -> None:
    hints = read_hints(body(name))

    at = datetime(2025, 1, 21, 18, 23, 20, tzinfo=UTC)
    assert hints == (Hint("pixfleet-sources", "photos/100% red+flower.jpg", event, at),)


@pytest.mark.parametrize("key", [*KEYS.values(), "red+flower%20.jpg"])
def test_a_key_is_not_decoded(key: str) -> None:
    (hint,) = read_hints(altered("eventbridge_created", KEY, key))

    assert hint.key == key


@given(any_key)
def test_any_key_arrives_as_it_is(key: str) -> None:
    (hint,) = read_hints(altered("eventbridge_created", KEY, key))

    assert hint.key == key


def test_another_service_is_a_bad_message() -> None:
    with pytest.raises(BadMessage, match=r"Expected .* source aws\.s3, got 'aws\.ec2'"):
        read_hints(body("eventbridge_other_service"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("source", None),
        ("detail-type", 5),
        ("detail", None),
        ("detail", {"eventName": "PutObject"}),
        ("detail.bucket", "pixfleet-sources"),
        ("detail.bucket.name", ""),
        (KEY, ""),
        (KEY, None),
    ],
)
def test_an_ill_typed_field_is_a_bad_message(path: str, value: object) -> None:
    with pytest.raises(BadMessage) as caught:
        read_hints(altered("eventbridge_created", path, value))

    assert caught.value.stage == "parse"


def test_a_time_that_cannot_be_read_fails_nothing() -> None:
    (hint,) = read_hints(altered("eventbridge_created", "time", "soon"))

    assert hint.happened_at is None
