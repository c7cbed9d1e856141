"""DynamoDB: the ledger's index on status, which has the newest entries first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.cloud.calls import Calls
from shared.cloud.items import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The last outcome of one source; `at` is in seconds since the epoch."""

    key: str
    status: str
    cause: str
    at: float


class StatusIndex:
    """The index; DynamoDB updates it shortly after the table."""

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str, index: str) -> None:
        self._dynamodb = dynamodb
        self._calls = calls
        self._table = table
        self._index = index

    def newest(self, status: str, *, most: int) -> list[StatusEntry]:
        """Return the sources that got this status last, the newest first.

        One request: at most the entries that fit into a page of 1 MB.
        """
        answer = self._calls.attempt(
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
