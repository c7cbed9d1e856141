"""DynamoDB: reads and changes single items of the ledger, safe to repeat."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from shared.cloud.calls import Calls
from shared.cloud.claims import Claim, found_fields
from shared.cloud.entries import read_entry
from shared.cloud.errors import ConditionRefused
from shared.cloud.items import Value, to_item
from shared.cloud.persist import persist
from shared.deadline import Deadline
from shared.model.entry import Entry
from shared.model.errors import ClaimLost

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STAGE = "ledger"
# Another worker may change these as soon as a claim has ended.
CHANGED_BY_OTHERS = frozenset({"expires_at", "lease_until", "purge_due"})


class LedgerItems:
    """The items of one table; what is written, and on which condition, is the caller's."""

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str) -> None:
        self._dynamodb = dynamodb
        self.calls = calls
        self._table = table

    def within(self, deadline: Deadline) -> "LedgerItems":
        """Return the same items for work that must end by the deadline."""
        bound = copy(self)
        bound.calls = self.calls.within(deadline)
        return bound

    def read(self, key: str) -> Entry:
        """Return the entry of a consistent read; an empty entry if there is no item."""
        answer = self.calls.attempt(
            lambda: self._dynamodb.get_item(
                TableName=self._table, Key=to_item({"key": key}), ConsistentRead=True
            ),
            stage=STAGE,
        )
        return read_entry(answer.get("Item", {}))

    def update(
        self,
        key: str,
        expression: str,
        *,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> Mapping[str, Any]:  # the shape of botocore's answer
        """Change an item; return what UpdateItem answers, with the attributes from before.

        Raises `ConditionRefused`, with the item that was found, if the condition does not hold.
        """
        return self.calls.attempt(
            lambda: self._update(key, expression, condition, names, values), stage=STAGE
        )

    def end_claim(
        self,
        claim: Claim,
        fields: Mapping[str, Value],
        *,
        removed: Sequence[str],
        extra: str = "",
        kept_in: str = "done_token",
    ) -> None:
        """Write some fields, remove others and end the claim; `ClaimLost` if it is not ours.

        Waits until the deadline while DynamoDB throttles. `extra` is a further part of the update
        expression, in which `:own` is the claim's token. `kept_in` keeps this token.
        """
        written = {**fields, kept_in: claim.token}
        names = {f"#f{at}": name for at, name in enumerate((*written, *removed, "claim_token"))}
        placeholders = list(names)
        assignments = ", ".join(
            f"{name} = :v{at}" for at, name in enumerate(placeholders[: len(written)])
        )
        expression = f"SET {assignments} REMOVE {', '.join(placeholders[len(written) :])} {extra}"
        values: dict[str, Value] = {
            ":token": claim.token,
            **{f":v{at}": value for at, value in enumerate(written.values())},
            **({":own": frozenset((claim.token,))} if extra else {}),
        }
        try:
            persist(
                self.calls,
                lambda: self._update(claim.key, expression, "claim_token = :token", names, values),
                stage=STAGE,
            )
        except ConditionRefused as refused:
            found = found_fields(refused)
            own = {name: value for name, value in written.items() if name not in CHANGED_BY_OTHERS}
            if all(found.get(name) == value for name, value in own.items()):
                return  # this same write took effect, and its answer was lost
            raise ClaimLost(
                "Expected our claim on the item, got another or none.", stage=STAGE
            ) from refused

    def _update(
        self,
        key: str,
        expression: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> Mapping[str, Any]:
        return self._dynamodb.update_item(
            TableName=self._table,
            Key=to_item({"key": key}),
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeNames=dict(names),
            ExpressionAttributeValues=to_item(values),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
