"""The ledger's index on status: what ended how, the newest first, without reading the table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.cloud.errors import attempt
from shared.cloud.items import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """How the work on one source ended last; `at` in seconds since the epoch."""

    key: str
    status: str
    cause: str
    at: float


class StatusIndex:
    """The index, which follows the table by a moment."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, index: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._index = index

    def newest(self, status: str, *, most: int) -> list[StatusEntry]:
        """Return the last sources that came to this status, the newest first.

        One request: of very many, those that fit into a page of DynamoDB's, 1 MB.
        """
        answer = attempt(
            lambda: self._dynamodb.query(
                TableName=self._table,
                IndexName=self._index,
                KeyConditionExpression="#status = :status",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=to_item({":status": status}),
                ScanIndexForward=False,
                Limit=most,
            ),
            stage="ledger",
        )
        found = (from_item(item) for item in answer["Items"])
        return [
            StatusEntry(
                key=str(each["key"]),
                status=status,
                cause=str(each.get("cause", "")),
                at=float(str(each["updated_at"])),
            )
            for each in found
        ]
