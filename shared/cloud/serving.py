"""DynamoDB: the table `serving`, which holds what belongs to no source and expires.

Locks on renders of an object, renders that failed, and how many paths were purged in a month. They
may be lost, because only a claim of the ledger decides what is stored. Two other kinds of items
must not be lost: the receipts of deletions (`receipts.py`), and the key of the API's cursors.

An item's `id` begins with its kind, as in `render#<stored key>`. `expires_at` is the table's time
to live, by which DynamoDB deletes an item within days. Whether an item counts is decided by its
own times:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.clock import Clock
from shared.cloud.calls import Calls
from shared.cloud.errors import ConditionRefused
from shared.cloud.items import Value, from_item, to_item
from shared.deadline import Deadline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The stage of the table's calls, in failures: they are those of the ledger's service.
STAGE = "ledger"
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
# The count of a month is kept until after the month, for `pixfleet status`.
COUNT_SECONDS = 100 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class ServingLock:
    """The right to render one object, or one of the places for renders, until a time.

    `follows` is when the lock before it ended, or would have expired; 0 if none is known.
    """

    id: str
    token: str
    until: float
    follows: float = 0.0


@dataclass(frozen=True, slots=True)
class FailedRender:
    """Why an object could not be rendered; `until` is how long that is remembered."""

    cause: str
    detail: str
    until: float


class Serving:
    """The table; safe for several threads.

    Each write may be repeated if its answer was lost: its token shows that it is the same write.
    """

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self.calls = calls
        self._table = table
        self._clock = clock

    def within(self, deadline: Deadline, *, budget_seconds: float) -> "Serving":
        """Return the same table for work that must end by the deadline.

        All its calls together take no longer than the budget: then each raises `OutOfTime`.
        """
        bound = copy(self)
        bound.calls = self.calls.within(deadline).within_budget(budget_seconds)
        return bound

    def take_lock(self, stored_key: str, seconds: float) -> ServingLock | None:
        """Take the lock to render an object; None while another renderer has it.

        The lock is advisory: a render without it does no harm.
        """
        return self._take(f"render#{stored_key}", seconds)

    def take_place(self, kind: str, number: int, seconds: float) -> ServingLock | None:
        """Take one of the numbered places of a kind of work; None while another has it."""
        return self._take(f"{kind}#{number}", seconds)

    def place_until(self, kind: str, number: int) -> float:
        """Return until when a numbered place is or was taken; 0 if it never was."""
        return self._held_until(f"{kind}#{number}")

    def release_lock(self, lock: ServingLock) -> None:
        """Release a lock; nothing happens if it has expired and another renderer has it."""
        with suppress(ConditionRefused):
            self._update(
                lock.id,
                "SET held_until = :never, ended_at = :now",
                condition="#token = :token",
                values={":never": 0, ":now": self._clock.now(), ":token": lock.token},
            )

    def is_locked(self, stored_key: str) -> bool:
        """Return whether some renderer has the lock for an object."""
        return self._held_until(f"render#{stored_key}") >= self._clock.now()

    def remember_failure(
        self, stored_key: str, version: str, cause: str, detail: str, seconds: float
    ) -> None:
        """Remember for a time that this version of an object could not be rendered."""
        until = self._clock.now() + seconds
        self._update(
            f"failed#{stored_key}",
            "SET version = :version, cause = :cause, detail = :detail, held_until = :until, "
            "expires_at = :expires",
            values={
                ":version": version,
                ":cause": cause,
                ":detail": detail,
                ":until": until,
                ":expires": round(until) + HOUR_SECONDS,
            },
        )

    def failure(self, stored_key: str, version: str) -> FailedRender | None:
        """Return why this version of an object could not be rendered; None if not remembered."""
        found = self._read(f"failed#{stored_key}")
        until = found.get("held_until", 0)
        if not isinstance(until, int | float) or until < self._clock.now():
            return None
        if found.get("version") != version:
            return None
        return FailedRender(str(found.get("cause", "")), str(found.get("detail", "")), until)

    def spend_paths(self, month: str, paths: int, budget: int) -> bool:
        """Count paths of a month's invalidations; return whether the budget allowed them.

        `month` has the form `2026-11`. Nothing is counted if the budget does not allow it. A
        negative number gives paths back that were not used. A lost answer may count paths twice
        if another purge came between, never less than once.
        """
        token = uuid4().hex
        try:
            self._update(
                f"purges#{month}",
                "SET #token = :token, expires_at = :expires ADD #paths :paths",
                condition="(attribute_not_exists(#paths) AND :paths <= :budget) "
                "OR (#paths <= :most AND #token <> :token)",
                names={"#paths": "paths"},
                values={
                    ":token": token,
                    ":paths": paths,
                    ":budget": budget,
                    ":most": budget - paths,
                    ":expires": round(self._clock.now()) + COUNT_SECONDS,
                },
            )
        except ConditionRefused as refused:
            # This same write took effect, and its answer was lost.
            return _found(refused).get("token") == token
        return True

    def note_invalidation(self, receipt_id: str, invalidation: str) -> None:
        """Write into a deletion's receipt which invalidation has purged it; not without one."""
        with suppress(ConditionRefused):
            self._update(
                f"deletion#{receipt_id}",
                "SET invalidation_id = :invalidation",
                condition="attribute_exists(requested_at)",
                values={":invalidation": invalidation},
            )

    def paths_spent(self, month: str) -> int:
        """Return how many paths were counted in a month, such as `2026-11`."""
        spent = self._read(f"purges#{month}").get("paths", 0)
        return round(spent) if isinstance(spent, int | float) else 0

    def _held_until(self, name: str) -> float:
        held_until = self._read(name).get("held_until", 0)
        return held_until if isinstance(held_until, int | float) else 0.0

    def _take(self, name: str, seconds: float) -> ServingLock | None:
        token, now = uuid4().hex, self._clock.now()
        until = now + seconds
        try:
            before = self._update(
                name,
                "SET #token = :token, held_until = :until, expires_at = :expires REMOVE ended_at",
                condition="attribute_not_exists(held_until) OR held_until < :now "
                "OR #token = :token",
                values={
                    ":token": token,
                    ":until": until,
                    ":now": now,
                    ":expires": round(until) + HOUR_SECONDS,
                },
            )
        except ConditionRefused:
            return None
        ended = (before.get("held_until"), before.get("ended_at"))
        follows = max((each for each in ended if isinstance(each, int | float)), default=0.0)
        # After a lost answer this is the same lock, and nothing is known of the one before.
        return ServingLock(name, token, until, min(follows, now))

    def _read(self, name: str) -> Mapping[str, Value]:
        answer = self.calls.attempt(
            lambda: self._dynamodb.get_item(
                TableName=self._table, Key=to_item({"id": name}), ConsistentRead=True
            ),
            stage=STAGE,
        )
        return from_item(answer.get("Item", {}))

    def _update(
        self,
        name: str,
        expression: str,
        *,
        values: Mapping[str, Value],
        condition: str = "",
        names: Mapping[str, str] | None = None,
    ) -> Mapping[str, Value]:
        """Return the item as it was before."""
        used = {**(names or {}), **({"#token": "token"} if ":token" in values else {})}
        request: dict[str, Any] = {  # boto3 accepts neither an empty condition nor empty names
            "TableName": self._table,
            "Key": to_item({"id": name}),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": to_item(values),
            **({"ConditionExpression": condition} if condition else {}),
            **({"ExpressionAttributeNames": used} if used else {}),
            **({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if condition else {}),
            "ReturnValues": "ALL_OLD",
        }
        answer = self.calls.attempt(lambda: self._dynamodb.update_item(**request), stage=STAGE)
        return from_item(answer.get("Attributes", {}))


def month_of(now: float) -> str:
    """Return the month of a time, in UTC, in the form `2026-11`."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def _found(refused: ConditionRefused) -> Mapping[str, Value]:
    return from_item(refused.found) if isinstance(refused.found, dict) else {}
