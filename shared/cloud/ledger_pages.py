"""Reads the ledger a hundred keys at a time, for those who look at very many and write nothing."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.cloud.entries import PUBLISHED, Entry, read_entry
from shared.cloud.faults import attempt
from shared.cloud.items import from_item, to_item
from shared.model.errors import LedgerUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
PAGE_KEYS = 100
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """What the ledger says of a source, and what it cost; empty where it says nothing."""

    entry: Entry
    cpu_seconds: float = 0.0


class LedgerPages:
    """The table, for reading at length."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def read(self, keys: Sequence[str], *, consistent: bool = False) -> Mapping[str, Line]:
        """Return a line for each of up to a hundred keys; `UnknownSchema` as `read_entry`.

        Half as dear and up to a second late unless `consistent`.
        """
        found: dict[str, Line] = dict.fromkeys(keys, Line(Entry()))
        wanted: Any = [to_item({"key": key}) for key in found]
        for tried in range(ROUNDS):
            if not wanted:
                return found
            if tried:  # what DynamoDB left out it wants to be asked for later
                time.sleep(0.05 * 2**tried)
            items, wanted = self._ask(wanted, consistent=consistent)
            found |= {item["key"]["S"]: _line(item) for item in items}
        raise LedgerUnavailable(
            f"Expected all of {len(keys)} entries, got all but {len(wanted)}.", stage="ledger"
        )

    def newest_published(self, index: str, most: int) -> Iterator[str]:
        """Yield the keys of the latest sources that were published, through the status index."""
        answer = attempt(
            lambda: self._dynamodb.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression="#status = :published",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=to_item({":published": PUBLISHED}),
                ScanIndexForward=False,
                Limit=most,
            ),
            stage="ledger",
        )
        yield from (item["key"]["S"] for item in answer["Items"])

    def _ask(self, wanted: Any, *, consistent: bool) -> tuple[Any, Any]:  # noqa: ANN401 - boto3's shapes
        answer = attempt(
            lambda: self._dynamodb.batch_get_item(
                RequestItems={self._table: {"Keys": wanted, "ConsistentRead": consistent}}
            ),
            stage="ledger",
        )
        left = answer.get("UnprocessedKeys", {}).get(self._table, {"Keys": []})["Keys"]
        return answer["Responses"].get(self._table, []), left


def _line(item: Mapping[str, Any]) -> Line:
    seconds = from_item(item).get("cpu_seconds", 0.0)
    return Line(read_entry(item), float(seconds) if isinstance(seconds, int | float) else 0.0)
