"""BatchGetItem of ledger entries, with a DynamoDB that leaves keys unprocessed."""

from dataclasses import replace
from typing import Any, cast

import pytest

from shared.cloud.items import to_item
from shared.cloud.ledger_reader import ROUNDS, LedgerReader
from shared.model.errors import LedgerUnavailable, UnknownSchema
from tests.support.fakes import unbounded_calls

pytestmark = pytest.mark.unit

KEYS = ("a.jpg", "b.jpg", "c.jpg")


class _PartialDynamoDB:
    """Returns entries of `schema` for at most `limit` keys of each request."""

    def __init__(self, limit: int, schema: int = 1) -> None:
        self._limit = limit
        self._schema = schema

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: ANN401, N803 - boto3's
        keys = RequestItems["table"]["Keys"]
        now, left = keys[: self._limit], keys[self._limit :]
        fields = to_item({"schema": self._schema, "status": "published"})
        return {
            "Responses": {"table": [key | fields for key in now]},
            "UnprocessedKeys": {"table": {"Keys": left}} if left else {},
        }


def _reader(dynamodb: _PartialDynamoDB, pauses: list[float] | None = None) -> LedgerReader:
    recorded = [] if pauses is None else pauses
    calls = replace(unbounded_calls(), sleep=recorded.append)
    return LedgerReader(cast("Any", dynamodb), calls, "table")


def test_unprocessed_keys_are_requested_again_after_a_pause() -> None:
    pauses: list[float] = []

    found = _reader(_PartialDynamoDB(limit=1), pauses).entries(KEYS, consistent=True)

    assert {key: entry.status for key, entry in found.items()} == dict.fromkeys(KEYS, "published")
    assert len(pauses) == 2
    assert pauses == sorted(pauses)


def test_the_last_round_is_used() -> None:
    keys = [f"{number}.jpg" for number in range(ROUNDS)]

    found = _reader(_PartialDynamoDB(limit=1)).of(keys)

    assert len(found) == ROUNDS


def test_a_table_that_never_returns_all_keys_is_unavailable() -> None:
    with pytest.raises(LedgerUnavailable, match=r"all of 3 entries, got all but 3"):
        _reader(_PartialDynamoDB(limit=0)).of(KEYS)


def test_an_entry_of_another_version_is_returned_or_raised() -> None:
    reader = _reader(_PartialDynamoDB(limit=3, schema=9))

    assert isinstance(reader.of(KEYS)["a.jpg"], UnknownSchema)
    with pytest.raises(UnknownSchema):
        reader.entries(KEYS, consistent=True)
