"""DynamoDB: the ledger, one item a source, and the claim that makes one writer per key.

Every write is conditional on the claim's token: a worker that lost its lease changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.clock import Clock
from shared.cloud.faults import ConditionRefused, attempt
from shared.cloud.items import Value, from_item, to_item
from shared.model.errors import Claimed, Failure, LedgerUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA_VERSION = 1
TOMBSTONE_SECONDS = 90 * 86_400
MAX_DETAIL_CHARS = 500

PUBLISHED = "published"
REJECTED = "rejected"
REMOVED = "removed"

# What is true of one published version, and of none other.
FACTS = (
    "etag",
    "identity",
    "size_bytes",
    "recipe",
    "fingerprint",
    "engine",
    "version",
    "variant_bytes",
    "render_seconds",
    "total_seconds",
)
WHY = ("cause", "stage", "detail")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says of a source; `stored` is every object name that may exist for it.

    `is_unfinished` says that somebody is at work on it, or began and never came to an end: then
    what is stored may be a mixture, whatever else the entry says.
    """

    status: str = ""
    identity: str = ""
    fingerprint: str = ""
    engine: str = ""
    stored: frozenset[str] = frozenset()
    is_unfinished: bool = False

    @property
    def was_public(self) -> bool:
        """Say whether a reader may have seen variants of this source."""
        return self.status == PUBLISHED


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one key until the lease ends; `entry` is what stood there before.

    `may_exist` is every object name that may be stored for the key, now or under this claim.
    """

    key: str
    token: str
    lease_until: float
    entry: Entry
    may_exist: frozenset[str]


class Ledger:
    """The table."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def read(self, key: str) -> Entry:
        """Return what is written, consistently; an empty entry where nothing is."""
        answer = attempt(
            lambda: self._dynamodb.get_item(
                TableName=self._table, Key=to_item({"key": key}), ConsistentRead=True
            ),
            stage="ledger",
        )
        return _entry(answer.get("Item", {}))

    def claim(self, key: str, *, lease_seconds: float, may_store: Sequence[str]) -> Claim:
        """Take the key for this worker; `Claimed` while another one's lease lives.

        `may_store` notes every name that this claim could write, so that whatever a crash leaves
        behind is known to the next removal. Safe to repeat: our own token does not stop us.
        """
        token, now = uuid4().hex, self._clock.now()
        lease_until = now + lease_seconds
        try:
            answer = attempt(
                lambda: self._update(
                    key,
                    "SET claim_token = :token, lease_until = :until, #schema = :schema "
                    "ADD may_store :names",
                    condition="(attribute_not_exists(lease_until) OR lease_until < :now "
                    "OR claim_token = :token) "
                    "AND (attribute_not_exists(#schema) OR #schema = :schema)",
                    names={"#schema": "schema"},
                    values={
                        ":token": token,
                        ":until": lease_until,
                        ":now": now,
                        ":schema": SCHEMA_VERSION,
                        ":names": frozenset(may_store),
                    },
                ),
                stage="ledger",
            )
        except ConditionRefused as refused:
            raise self._claim_refusal(refused, now, lease_seconds) from refused
        entry = _entry(answer.get("Attributes", {}))
        return Claim(key, token, lease_until, entry, entry.stored | set(may_store))

    def commit(self, claim: Claim, fields: Mapping[str, Value]) -> None:
        """Write what is true now and end the claim, in one write."""
        self._finish(claim, {"status": PUBLISHED, **fields})

    def reject(self, claim: Claim, failure: Failure, facts: Mapping[str, Value]) -> None:
        """Write why the source of these facts has no variants and end the claim."""
        why: dict[str, Value] = {
            "status": REJECTED,
            "variants": [],
            "cause": failure.cause.value,
            "stage": failure.stage,
            "detail": failure.detail[:MAX_DETAIL_CHARS],
        }
        self._finish(claim, {**facts, **why})

    def bury(self, claim: Claim) -> None:
        """Write that the source and its variants are gone, for a while, and end the claim."""
        expires_at = int(self._clock.now() + TOMBSTONE_SECONDS)
        gone: dict[str, Value] = {"status": REMOVED, "variants": [], "expires_at": expires_at}
        self._finish(claim, gone)

    def release(self, claim: Claim) -> None:
        """End a claim that did not come to its end: what may have been stored stays noted."""
        self._write(claim, {}, gone=())

    def withdraw(self, claim: Claim) -> None:
        """End a claim under which nothing was stored, as if it had never been."""
        self._write(claim, {}, gone=("may_store",))

    def _finish(self, claim: Claim, fields: Mapping[str, Value]) -> None:
        """Write all that is true now, and leave nothing of what was true before."""
        former = (*FACTS, *WHY, "expires_at", "may_store")
        written = {**fields, "updated_at": self._clock.now()}
        self._write(claim, written, gone=tuple(name for name in former if name not in fields))

    def _write(self, claim: Claim, written: Mapping[str, Value], *, gone: Sequence[str]) -> None:
        """Write and remove fields and end the claim, if it is still ours."""
        gone = ("claim_token", "lease_until", *gone)
        names = {f"#f{at}": name for at, name in enumerate((*written, *gone))}
        marks = list(names)
        assignments = ", ".join(
            f"{mark} = :v{at}" for at, mark in enumerate(marks[: len(written)])
        )
        update = f"REMOVE {', '.join(marks[len(written) :])}"
        try:
            attempt(
                lambda: self._update(
                    claim.key,
                    f"SET {assignments} {update}" if written else update,
                    condition="claim_token = :token",
                    names=names,
                    values={
                        ":token": claim.token,
                        **{f":v{at}": value for at, value in enumerate(written.values())},
                    },
                ),
                stage="ledger",
            )
        except ConditionRefused as refused:
            raise LedgerUnavailable(
                "Expected the claim to be ours still, got another or none.", stage="ledger"
            ) from refused

    def _update(
        self,
        key: str,
        expression: str,
        *,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> Mapping[str, Any]:  # the shape of botocore's answer
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

    def _claim_refusal(
        self, refused: ConditionRefused, now: float, lease_seconds: float
    ) -> Failure:
        found = from_item(refused.found) if isinstance(refused.found, dict) else {}
        schema = found.get("schema", SCHEMA_VERSION)
        if schema != SCHEMA_VERSION:
            return LedgerUnavailable(
                f"Expected ledger schema {SCHEMA_VERSION}, got {schema}: deploy the newer worker.",
                stage="ledger",
            )
        until = found.get("lease_until", now + lease_seconds)
        left = float(until) - now if isinstance(until, int | float) else lease_seconds
        return Claimed(
            f"Expected no live lease, got one for {left:.0f} s more.",
            lease_left_seconds=max(1.0, left),
        )


def _entry(item: Mapping[str, Any]) -> Entry:
    fields = from_item(item)

    def text(name: str) -> str:
        value = fields.get(name, "")
        return value if isinstance(value, str) else ""

    stored: set[str] = set()
    for name in ("variants", "may_store"):
        value = fields.get(name, ())
        if isinstance(value, list | frozenset):
            stored.update(str(each) for each in value)
    return Entry(
        status=text("status"),
        identity=text("identity"),
        fingerprint=text("fingerprint"),
        engine=text("engine"),
        stored=frozenset(stored),
        is_unfinished="may_store" in fields,
    )
