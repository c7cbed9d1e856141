"""The ledger read in bulk, from a DynamoDB that does not answer all at once."""

from typing import Any, cast

import pytest

from shared.cloud.items import to_item
from shared.cloud.ledger_reader import ROUNDS, LedgerReader
from shared.model.errors import LedgerUnavailable, UnknownSchema

pytestmark = pytest.mark.unit

KEYS = ("a.jpg", "b.jpg", "c.jpg")


class _Sparing:
    """Answers `most` of the keys that it is asked for, with entries of that schema."""

    def __init__(self, most: int, schema: int = 1) -> None:
        self._most = most
        self._schema = schema

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: ANN401, N803 - boto3's
        keys = RequestItems["table"]["Keys"]
        now, left = keys[: self._most], keys[self._most :]
        fields = to_item({"schema": self._schema, "status": "published"})
        return {
            "Responses": {"table": [key | fields for key in now]},
            "UnprocessedKeys": {"table": {"Keys": left}} if left else {},
        }


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note each pause instead of making it."""
    noted: list[float] = []
    monkeypatch.setattr("shared.cloud.ledger_reader.time.sleep", noted.append)
    return noted


def _census(dynamodb: _Sparing) -> LedgerReader:
    return LedgerReader(cast("Any", dynamodb), "table")


def test_what_was_left_out_is_asked_for_again_after_a_pause(waits: list[float]) -> None:
    found = _census(_Sparing(most=1)).entries(KEYS, consistent=True)

    assert {key: entry.status for key, entry in found.items()} == dict.fromkeys(KEYS, "published")
    assert len(waits) == 2
    assert waits == sorted(waits)


def test_the_last_round_counts() -> None:
    keys = [f"{number}.jpg" for number in range(ROUNDS)]

    found = _census(_Sparing(most=1)).of(keys)

    assert len(found) == ROUNDS


def test_a_table_that_leaves_keys_out_for_ever_is_unavailable() -> None:
    with pytest.raises(LedgerUnavailable, match=r"all of 3 entries, got all but 3"):
        _census(_Sparing(most=0)).of(KEYS)


def test_an_entry_of_another_version_is_told_or_raised() -> None:
    census = _census(_Sparing(most=3, schema=9))

    assert isinstance(census.of(KEYS)["a.jpg"], UnknownSchema)
    with pytest.raises(UnknownSchema):
        census.entries(KEYS, consistent=True)
