"""DynamoDB: the ledger, one item a source, and the claim that makes one writer per key.

Every write is conditional on the claim's token: a worker that lost its lease changes nothing. Each
may be repeated when its answer was lost: the token of the last claim to end stays on the item.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.clock import Clock
from shared.cloud.entries import SCHEMA_VERSION, read_entry, unknown_schema
from shared.cloud.errors import ConditionRefused, attempt
from shared.cloud.items import Value, from_item, to_item
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.errors import Claimed, ClaimLost, Failure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOMBSTONE_SECONDS = 90 * 86_400
MAX_DETAIL_BYTES = 500

# What is true of one published version, and of none other.
FACTS = (
    "change",
    "etag",
    "identity",
    "last_modified",
    "source_bytes",
    "recipe",
    "fingerprint",
    "engine",
    "version",
    "variant_bytes",
    "cpu_seconds",
    "total_seconds",
)
WHY = ("cause", "stage", "detail")
# What is true until the next ending.
PASSING = ("told_by", "expires_at", "lease_until", "attempts", "crashes", "may_store")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one key until the lease ends; `entry` is what stood there before.

    `may_exist` is every object name that may be stored for the key, now or under this claim;
    `messages` are the ids of those for whose sake it was taken.
    """

    key: str
    token: str
    lease_until: float
    entry: Entry
    may_exist: frozenset[str]
    messages: frozenset[str] = frozenset()


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
        return read_entry(answer.get("Item", {}))

    def refuse_held(self, entry: Entry) -> None:
        """Raise `Claimed` if somebody is at work on the key, as `claim` would, without a write."""
        now = self._clock.now()
        if entry.lease_until >= now:
            raise _held(entry.lease_until - now)

    def claim(
        self,
        key: str,
        *,
        lease_seconds: float,
        may_store: Sequence[str],
        messages: Sequence[str] = (),
    ) -> Claim:
        """Take the key for this worker; `Claimed` while another one's lease lives.

        `may_store` notes every name that this claim could write, so that whatever a crash leaves
        behind is known to the next removal. Safe to repeat: our own token does not stop us, unless
        the claim has ended meanwhile and this is a request that lay about.
        """
        token, now = uuid4().hex, self._clock.now()
        lease_until = now + lease_seconds
        try:
            answer = attempt(
                lambda: self._update(
                    key,
                    "SET claim_token = :token, lease_until = :until, #schema = :schema "
                    # A tombstone that is worked on must not be swept away by DynamoDB meanwhile.
                    "REMOVE expires_at ADD may_store :names, attempts :tokens",
                    condition="(attribute_not_exists(lease_until) OR lease_until < :now "
                    "OR claim_token = :token) "
                    "AND (attribute_not_exists(done_token) OR done_token <> :token) "
                    "AND (attribute_not_exists(#key) OR #schema = :schema)",
                    names={"#key": "key", "#schema": "schema"},
                    values={
                        ":token": token,
                        ":until": lease_until,
                        ":now": now,
                        ":schema": SCHEMA_VERSION,
                        ":names": frozenset(may_store),
                        ":tokens": frozenset((token,)),
                    },
                ),
                stage="ledger",
            )
        except ConditionRefused as refused:
            raise _claim_refusal(refused, now, lease_seconds) from refused
        entry = read_entry(answer.get("Attributes", {}), ours=token)
        may_exist = entry.stored | set(may_store)
        return Claim(key, token, lease_until, entry, may_exist, frozenset(messages))

    def commit(self, claim: Claim, fields: Mapping[str, Value]) -> float:
        """Write what is true now and end the claim, in one write; return since when it is."""
        return self._finish(claim, {"status": PUBLISHED, **fields})

    def reject(self, claim: Claim, failure: Failure, facts: Mapping[str, Value]) -> float:
        """Write why the source of these facts has no variants and end the claim; return when."""
        why: dict[str, Value] = {
            "status": REJECTED,
            "variants": [],
            "cause": failure.cause.value,
            "stage": failure.stage,
            "detail": _within(MAX_DETAIL_BYTES, failure.detail),
        }
        return self._finish(claim, {**facts, **why})

    def tombstone(self, claim: Claim, facts: Mapping[str, Value]) -> float:
        """Write, for a while, that source and variants are gone; end the claim; return when."""
        expires_at = int(self._clock.now() + TOMBSTONE_SECONDS)
        gone: dict[str, Value] = {"status": REMOVED, "variants": [], "expires_at": expires_at}
        return self._finish(claim, {**facts, **gone})

    def release(self, claim: Claim, *, hold_seconds: float = 0.0, crashed: bool = False) -> None:
        """End a claim that did not come to its end: what may have been stored stays noted.

        `hold_seconds` keeps everybody from the key a little longer, for the sake of a write that
        may still be under way; `crashed` notes that a child died under this claim.
        """
        # This attempt told how it ended; whether others did stays as it is.
        ended = f"DELETE attempts :own{' ADD crashes :own' if crashed else ''}"
        if hold_seconds:
            held = {"lease_until": self._clock.now() + hold_seconds}
            self._write(claim, held, gone=(), also=ended)
        else:
            self._write(claim, {}, gone=("lease_until",), also=ended)

    def abandon(self, claim: Claim) -> None:
        """End a claim under which nothing was stored, as if it had never been."""
        self._write(claim, {}, gone=("lease_until", "attempts", "crashes", "may_store"))

    def mark_dirty(self, claim: Claim) -> None:
        """Note that a claim which was lost may have written: what is stored may be a mixture.

        Whoever has the key now will find its claim lost in turn, and whoever looks next makes it
        all again. Not conditional on the claim, which is somebody else's.
        """
        attempt(
            lambda: self._update(
                claim.key,
                "REMOVE claim_token ADD may_store :names",
                condition="#schema = :schema",
                names={"#schema": "schema"},
                values={":names": claim.may_exist, ":schema": SCHEMA_VERSION},
            ),
            stage="ledger",
        )

    def _finish(self, claim: Claim, fields: Mapping[str, Value]) -> float:
        """Write all that is true now, and leave nothing of what was true before."""
        now = self._clock.now()
        former = (*FACTS, *WHY, *PASSING)
        written = {**fields, "updated_at": now}
        if claim.messages:
            written["told_by"] = claim.messages
        self._write(claim, written, gone=tuple(name for name in former if name not in written))
        return now

    def _write(
        self, claim: Claim, fields: Mapping[str, Value], *, gone: Sequence[str], also: str = ""
    ) -> None:
        """Write and remove fields and end the claim, if it is still ours.

        `also` is a further part of the update, in which `:own` stands for the claim's token.
        """
        written = {**fields, "done_token": claim.token}
        names = {f"#f{at}": name for at, name in enumerate((*written, *gone, "claim_token"))}
        placeholders = list(names)
        assignments = ", ".join(
            f"{name} = :v{at}" for at, name in enumerate(placeholders[: len(written)])
        )
        try:
            attempt(
                lambda: self._update(
                    claim.key,
                    f"SET {assignments} REMOVE {', '.join(placeholders[len(written) :])} {also}",
                    condition="claim_token = :token",
                    names=names,
                    values={
                        ":token": claim.token,
                        **{f":v{at}": value for at, value in enumerate(written.values())},
                        **({":own": frozenset((claim.token,))} if also else {}),
                    },
                ),
                stage="ledger",
            )
        except ConditionRefused as refused:
            found = _found(refused)
            if all(found.get(name) == value for name, value in written.items()):
                return  # this very write took effect, and its answer was lost
            raise ClaimLost(
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


def _claim_refusal(refused: ConditionRefused, now: float, lease_seconds: float) -> Failure:
    found = _found(refused)
    if found and (unknown := unknown_schema(found)):
        return unknown
    until = found.get("lease_until", now + lease_seconds)
    left = float(until) - now if isinstance(until, int | float) else lease_seconds
    return _held(left)


def _held(left_seconds: float) -> Claimed:
    return Claimed(
        f"Expected no live lease, got one for {left_seconds:.0f} s more.",
        lease_left_seconds=max(1.0, left_seconds),
    )


def _found(refused: ConditionRefused) -> Mapping[str, Value]:
    return from_item(refused.found) if isinstance(refused.found, dict) else {}


def _within(most_bytes: int, text: str) -> str:
    """Return the beginning of a text that takes no more bytes than this."""
    return text.encode(errors="replace")[:most_bytes].decode(errors="ignore")
