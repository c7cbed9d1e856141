"""DynamoDB: reads many ledger entries at once, those of some keys or every one there is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.cloud.entries import Entry, read_entry
from shared.cloud.faults import attempt
from shared.cloud.items import to_item
from shared.model.errors import UnknownSchema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
BATCH_KEYS = 100

# An entry, or why this version of the program does not read it.
Read = Entry | UnknownSchema


class Census:
    """The table, read in bulk. Writes nothing; any thread may ask."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def of(self, keys: Sequence[str]) -> Mapping[str, Read]:
        """Return what is written of up to a hundred different keys, consistently.

        An empty entry where nothing is.
        """
        found: dict[str, Read] = {key: Entry() for key in keys}
        wanted: list[Any] = [to_item({"key": key}) for key in keys]
        while wanted:
            request: Any = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            answer = attempt(
                lambda request=request: self._dynamodb.batch_get_item(RequestItems=request),  # type: ignore[misc]
                stage="ledger",
            )
            for item in answer.get("Responses", {}).get(self._table, []):
                found[item["key"]["S"]] = _read(item)
            # At least one was answered, or it would have been an error.
            left = answer.get("UnprocessedKeys") or {}
            wanted = list(left[self._table]["Keys"]) if self._table in left else []
        return found

    def all(self, prefix: str = "") -> Iterator[tuple[str, Read]]:
        """Yield every entry whose key begins so, in no order, page by page.

        The whole table is read, and paid for, whatever the prefix. Not consistent: what changes
        meanwhile may be missing.
        """
        request: dict[str, Any] = {"TableName": self._table}
        if prefix:
            request |= {
                "FilterExpression": "begins_with(#key, :prefix)",
                "ExpressionAttributeNames": {"#key": "key"},
                "ExpressionAttributeValues": to_item({":prefix": prefix}),
            }
        while True:
            answer = attempt(lambda: self._dynamodb.scan(**request), stage="ledger")
            for item in answer.get("Items", []):
                yield item["key"]["S"], _read(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _read(item: Mapping[str, Any]) -> Read:
    try:
        return read_entry(item)
    except UnknownSchema as unknown:
        return unknown
