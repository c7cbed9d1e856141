"""DynamoDB: receipts of deletions, and the API's signing key, in the table `serving`."""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.clock import Clock
from shared.cloud.calls import Calls
from shared.cloud.errors import ConditionRefused
from shared.cloud.items import Value, from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A receipt is a proof: it is kept for longer than a year's audit looks back.
RECEIPT_SECONDS = 400 * 86_400
KEY_BYTES = 32
SIGNING_KEY_ID = "signing-key#api"


class Receipts:
    """What was deleted on request, by an id that cannot be guessed."""

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._calls = calls
        self._table = table
        self._clock = clock

    def write(self, receipt_id: str, fields: Mapping[str, Value]) -> None:
        """Write a receipt, or write it again with what has become known since."""
        expires_at = int(self._clock.now() + RECEIPT_SECONDS)
        item = {**fields, "id": f"deletion#{receipt_id}", "expires_at": expires_at}
        self._calls.attempt(
            lambda: self._dynamodb.put_item(TableName=self._table, Item=to_item(item)),
            stage="ledger",
        )

    def read(self, receipt_id: str) -> Mapping[str, Value]:
        """Return a receipt's fields; empty if there is none of this id."""
        return self._read(f"deletion#{receipt_id}")

    def signing_key(self) -> bytes:
        """Return the stack's key for cursors and upload ids; the first call makes it.

        It is in the table and not in the environment, which everyone can read who may describe
        the function, and which Terraform would keep in its state.
        """
        found = self._read(SIGNING_KEY_ID)
        if not found:
            self._make_signing_key()
            found = self._read(SIGNING_KEY_ID)
        return bytes.fromhex(str(found["signing_key"]))

    def _make_signing_key(self) -> None:
        item = {"id": SIGNING_KEY_ID, "signing_key": secrets.token_hex(KEY_BYTES)}
        try:
            self._calls.attempt(
                lambda: self._dynamodb.put_item(
                    TableName=self._table,
                    Item=to_item(item),
                    ConditionExpression="attribute_not_exists(id)",
                ),
                stage="ledger",
            )
        except ConditionRefused:
            return  # another process was first

    def _read(self, item_id: str) -> Mapping[str, Value]:
        answer = self._calls.attempt(
            lambda: self._dynamodb.get_item(
                TableName=self._table, Key=to_item({"id": item_id}), ConsistentRead=True
            ),
            stage="ledger",
        )
        return from_item(answer.get("Item", {}))
