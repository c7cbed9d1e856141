"""DynamoDB: reads many ledger entries, those of some keys or all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.cloud.calls import Calls
from shared.cloud.entries import read_entry
from shared.cloud.items import to_item
from shared.model.entry import Entry
from shared.model.errors import LedgerUnavailable, UnknownSchema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
BATCH_KEYS = 100
ROUNDS = 8

# An entry, or why this version of the program cannot read it.
Read = Entry | UnknownSchema


class LedgerReader:
    """Reads the table in bulk; thread-safe."""

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str) -> None:
        self._dynamodb = dynamodb
        self._calls = calls
        self._table = table

    def of(self, keys: Sequence[str], *, consistent: bool = True) -> Mapping[str, Read]:
        """Return the entries of up to a hundred keys; an empty one for a key without an item.

        Eventually consistent reads cost half and may be a second old.
        """
        found: dict[str, Read] = {key: Entry() for key in keys}
        wanted: Any = [to_item({"key": key}) for key in found]
        for tried in range(ROUNDS):
            if not wanted:
                return found
            if tried:  # DynamoDB asks to wait before unprocessed keys are requested again
                self._calls.sleep(0.05 * 2**tried)
            items, wanted = self._ask(wanted, consistent=consistent)
            found |= {item["key"]["S"]: _read(item) for item in items}
        if wanted:
            raise LedgerUnavailable(
                f"Expected all of {len(keys)} entries, got all but {len(wanted)}.", stage="ledger"
            )
        return found

    def entries(self, keys: Sequence[str], *, consistent: bool) -> Mapping[str, Entry]:
        """Like `of`, but raise `UnknownSchema`."""
        return {key: _readable(read) for key, read in self.of(keys, consistent=consistent).items()}

    def all(
        self, prefix: str = "", *, skips: Callable[[str], bool] = lambda _: False
    ) -> Iterator[tuple[str, Read]]:
        """Yield every entry whose key has the prefix and is not skipped, in no order.

        Scan reads the whole table, and costs as much, whatever the prefix. Not consistent: an
        entry that changes meanwhile may be missing.
        """
        request: dict[str, Any] = {"TableName": self._table}
        if prefix:
            request |= {
                "FilterExpression": "begins_with(#key, :prefix)",
                "ExpressionAttributeNames": {"#key": "key"},
                "ExpressionAttributeValues": to_item({":prefix": prefix}),
            }
        while True:
            answer = self._calls.attempt(lambda: self._dynamodb.scan(**request), stage="ledger")
            for item in answer.get("Items", []):
                if not skips(key := item["key"]["S"]):
                    yield key, _read(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _ask(self, wanted: Any, *, consistent: bool) -> tuple[Any, Any]:  # noqa: ANN401 - boto3's shapes
        answer = self._calls.attempt(
            lambda: self._dynamodb.batch_get_item(
                RequestItems={self._table: {"Keys": wanted, "ConsistentRead": consistent}}
            ),
            stage="ledger",
        )
        left = answer.get("UnprocessedKeys", {}).get(self._table, {"Keys": []})["Keys"]
        return answer["Responses"].get(self._table, []), left


def _readable(read: Read) -> Entry:
    if isinstance(read, UnknownSchema):
        raise read
    return read


def _read(item: Mapping[str, Any]) -> Read:
    try:
        return read_entry(item)
    except UnknownSchema as unknown:
        return unknown
