"""DynamoDB: the ledger, one item for each source, and the claim that makes one writer per key.

Every write is conditional on the claim's token: a worker that lost its lease changes nothing. Each
write may be repeated if its answer was lost: the token of the last claim that ended stays on the
item.

A renderer claims a published key to store one lazy variant (`claim_to_store`): a worker and a
renderer never write a key at the same time. `lazy` has the names that renderers stored.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.clock import Clock
from shared.cloud.calls import Calls
from shared.cloud.claims import (
    NO_LIVE_LEASE,
    Claim,
    claim_refusal,
    found_fields,
    held,
    serving_refusal,
    unchanged,
)
from shared.cloud.entries import SCHEMA_VERSION, entry_of, read_entry
from shared.cloud.errors import ConditionRefused
from shared.cloud.finish import (
    finished,
    forwarded_fields,
    rejection_fields,
    tombstone_fields,
    with_status,
)
from shared.cloud.items import Value, to_item
from shared.cloud.persist import persist
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.deadline import Deadline
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, SERVING, Entry
from shared.model.errors import Claimed, ClaimLost, Failure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Another worker may change these as soon as a claim has ended.
CHANGED_BY_OTHERS = frozenset({"expires_at", "lease_until", "purge_due"})
# A renderer tries again if another claim has ended since it read the entry.
SERVING_TRIES = 3


class Ledger:
    """The DynamoDB table.

    `commit`, `reject` and `tombstone` follow a render or deletes, so they wait until the deadline
    while DynamoDB throttles. `release`, `abandon`, `hand_over` and `mark_dirty` ignore the
    deadline: each is useful however late it is, and its condition keeps it from changing what
    another worker wrote.
    """

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self.calls = calls
        self._table = table
        self._clock = clock

    def within(self, deadline: Deadline) -> "Ledger":
        """Return the same table for work that must end by the deadline."""
        bound = copy(self)
        bound.calls = self.calls.within(deadline)
        return bound

    def read(self, key: str) -> Entry:
        """Return the entry of a consistent read; an empty entry if there is no item."""
        answer = self.calls.attempt(
            lambda: self._dynamodb.get_item(
                TableName=self._table, Key=to_item({"key": key}), ConsistentRead=True
            ),
            stage="ledger",
        )
        return read_entry(answer.get("Item", {}))

    def refuse_held(self, entry: Entry) -> None:
        """Raise `Claimed` if a lease is live, as `claim` would, but without a write."""
        now = self._clock.now()
        if entry.lease_until >= now:
            raise held(entry.claim_kind, entry.lease_until - now)

    def claim(
        self,
        key: str,
        *,
        lease_seconds: float,
        may_store: Sequence[str],
        messages: Sequence[str] = (),
        entry: Entry | None = None,
    ) -> Claim:
        """Take the key for this worker; `Claimed` while another worker's lease is live.

        `may_store` is every name that this claim could write. The claim records them before any
        object is stored, so that the next removal also deletes what a crash left behind. `entry`
        is the key's entry if the caller has just read it; otherwise it is read here.

        Safe to repeat: the claim's own token does not refuse it. A request that was delayed on its
        way, and arrives after this or any other claim has ended, changes nothing: the token of the
        last claim that ended is then another than the one in `entry`.
        """
        known = entry or self.read(key)
        token, now = uuid4().hex, self._clock.now()
        lease_until = now + lease_seconds
        done = {":done": known.done_token} if known.done_token else {}
        try:
            answer = self.calls.attempt(
                lambda: self._update(
                    key,
                    "SET claim_token = :token, lease_until = :until, #schema = :schema "
                    # DynamoDB must not expire a tombstone while its key is claimed.
                    "REMOVE expires_at, claim_kind ADD may_store :names, attempts :tokens",
                    condition=f"{NO_LIVE_LEASE} AND {unchanged('done_token', done)} "
                    "AND (attribute_not_exists(#key) OR #schema = :schema)",
                    names={"#key": "key", "#schema": "schema"},
                    values={
                        ":token": token,
                        ":until": lease_until,
                        ":now": now,
                        ":schema": SCHEMA_VERSION,
                        ":names": frozenset(may_store),
                        ":tokens": frozenset((token,)),
                        **done,
                    },
                ),
                stage="ledger",
            )
        except ConditionRefused as refused:
            raise claim_refusal(refused, known, now) from refused
        found = read_entry(answer.get("Attributes", {}), ours=token)
        may_exist = found.may_exist | set(may_store)
        return Claim(key, token, lease_until, found, may_exist, frozenset(messages))

    def claim_to_store(
        self, key: str, name: str, *, entry: Entry, lease_seconds: float, records_name: bool
    ) -> Claim:
        """Take a published key for a renderer, to store the object `name` of `entry.version`.

        Refused by `Claimed` if the key is not published from that version any more, if a worker
        has begun and not finished it, or if any lease is live. So no commit, no removal and no
        other renderer write the key before `lease_seconds` are over; the renderer's own write
        must have ended by then, whatever its answer. `records_name` adds the name to `lazy`, by
        which the next claim deletes the object; without it the entry must list the name already.

        Neither an attempt nor a result of work: what counts attempts and crashes stays as it is.
        Safe to repeat, like `claim`. A request that was delayed, and arrives after this or another
        claim has ended, changes nothing. A refusal only because another claim has ended since
        `entry` was read is no reason to give up: a page often asks for several new names at once.
        """
        known = entry
        for _ in range(SERVING_TRIES):
            now = self._clock.now()
            try:
                return self._serving_claim(key, name, known, lease_seconds, records=records_name)
            except ConditionRefused as refused:
                found = found_fields(refused)
                if failure := serving_refusal(found, entry.version, now):
                    raise failure from refused
                known = entry_of(found)
                if records_name and name in known.stored:
                    raise Claimed(
                        f"Expected {name} not stored, got it from a worker since the entry was "
                        "read: it is not lazy any more.",
                        lease_left_seconds=1.0,
                    ) from refused
        raise Claimed(
            f"Expected no other claim between a read and a write, got one {SERVING_TRIES} times.",
            lease_left_seconds=1.0,
        )

    def _serving_claim(
        self, key: str, name: str, known: Entry, lease_seconds: float, *, records: bool
    ) -> Claim:
        token, now = uuid4().hex, self._clock.now()
        lease_until = now + lease_seconds
        recorded = frozenset((name,)) - (frozenset() if records else known.stored)
        done = {":done": known.done_token} if known.done_token else {}
        served = {":served": known.served_token} if known.served_token else {}
        answer = self.calls.attempt(
            lambda: self._update(
                key,
                "SET claim_token = :token, lease_until = :until, claim_kind = :serving"
                f"{' ADD lazy :recorded' if recorded else ''}",
                condition=f"{NO_LIVE_LEASE} AND {unchanged('done_token', done)} "
                f"AND {unchanged('served_token', served)} AND #schema = :schema "
                "AND #status = :published AND #version = :version "
                "AND attribute_not_exists(may_store)",
                names={"#schema": "schema", "#status": "status", "#version": "version"},
                values={
                    ":token": token,
                    ":until": lease_until,
                    ":now": now,
                    ":serving": SERVING,
                    ":schema": SCHEMA_VERSION,
                    ":published": PUBLISHED,
                    ":version": known.version,
                    **({":recorded": recorded} if recorded else {}),
                    **done,
                    **served,
                },
            ),
            stage="ledger",
        )
        found = read_entry(answer["Attributes"])
        return Claim(key, token, lease_until, found, found.may_exist | {name})

    def release_serving(self, claim: Claim) -> bool:
        """End a renderer's claim once its write has ended; return whether the key is dirty now.

        After an unknown outcome the lease has to run out by itself. A release that comes after
        the lease may find that another worker has had the key, and that the write came after
        that worker's: then the key is marked as dirty, and a worker has to be told.
        """
        try:
            gone = ("lease_until", "claim_kind")
            self._write(claim, {}, gone=gone, calls=self._late_calls, ended="served_token")
        except ClaimLost:
            if self._clock.now() > claim.lease_until:
                self.mark_dirty(claim)
                return True
        return False

    def clear_purge_due(self, key: str, due: float) -> None:
        """Note that the purge that was due at this time is sent; a later one stays due."""
        with suppress(ConditionRefused):
            self.calls.attempt(
                lambda: self._update(
                    key,
                    "REMOVE purge_due",
                    condition="purge_due = :due AND #schema = :schema",
                    names={"#schema": "schema"},
                    values={":due": due, ":schema": SCHEMA_VERSION},
                ),
                stage="ledger",
            )

    def commit(self, claim: Claim, fields: Mapping[str, Value], *, purges: bool = False) -> float:
        """Write the published version and end the claim, in one write; return the time of it."""
        return self._finish(claim, PUBLISHED, fields, purges=purges)

    def reject(
        self,
        claim: Claim,
        failure: Failure,
        facts: Mapping[str, Value],
        *,
        purges: bool = False,
    ) -> float:
        """Write why this source has no variants and end the claim; return the time."""
        return self._finish(claim, REJECTED, {**facts, **rejection_fields(failure)}, purges=purges)

    def tombstone(
        self, claim: Claim, facts: Mapping[str, Value], *, purges: bool = False
    ) -> float:
        """Write a tombstone, which DynamoDB expires later, end the claim; return the time."""
        gone = tombstone_fields(self._clock.now())
        return self._finish(claim, REMOVED, {**facts, **gone}, purges=purges)

    def release(self, claim: Claim, *, hold_seconds: float = 0.0, crashed: bool = False) -> None:
        """End a claim whose work failed; the names that it may have stored stay in the item.

        `hold_seconds` keeps the key from other workers a little longer, because a write may still
        take effect. `crashed` counts a render child that died under this claim.
        """
        # This attempt did not crash; the tokens of attempts that did stay.
        ended = f"DELETE attempts :own{' ADD crashes :own' if crashed else ''}"
        if hold_seconds:
            held = {"lease_until": self._clock.now() + hold_seconds}
            self._write(claim, held, gone=(), also=ended, calls=self._late_calls)
        else:
            self._write(claim, {}, gone=("lease_until",), also=ended, calls=self._late_calls)

    def abandon(self, claim: Claim) -> None:
        """End a claim under which nothing was stored; leave the entry as it was before."""
        ended = ("lease_until", "attempts", "crashes", "may_store")
        self._write(claim, {}, gone=ended, calls=self._late_calls)

    def hand_over(self, claim: Claim, *, lane: str, why: Failure, has_stored: bool) -> None:
        """End a claim whose key a larger lane gets, and note why; the published version stays.

        `has_stored` says that objects may have been stored under the claim: the entry then stays
        unfinished, as it does if it was so before. Crashes and attempts of this lane are
        forgotten: the next lane counts from zero.
        """
        ended: tuple[str, ...] = ("lease_until", "attempts", "crashes")
        if not (has_stored or claim.entry.is_unfinished):
            ended = (*ended, "may_store")
        written = forwarded_fields(lane, why, self._clock.now())
        self._write(claim, written, gone=ended, calls=self._late_calls)

    def mark_dirty(self, claim: Claim) -> None:
        """Note that a lost claim may have written: the stored variants may be of two versions.

        The worker that has the key now loses its claim in turn, and the next one renders again.
        Not conditional on the claim, which is another worker's.
        """
        self._late_calls.attempt(
            lambda: self._update(
                claim.key,
                "REMOVE claim_token ADD may_store :names",
                condition="#schema = :schema",
                names={"#schema": "schema"},
                values={":names": claim.may_exist, ":schema": SCHEMA_VERSION},
            ),
            stage="ledger",
        )

    def add_to_index(self, key: str) -> None:
        """Write the attribute that carries the index on status, where it is missing or wrong.

        A worker that finishes the key meanwhile writes the attribute itself.
        """
        entry = self.read(key)
        if entry.is_indexed:
            return
        with suppress(ConditionRefused):
            self.calls.attempt(
                lambda: self._update(
                    key,
                    f"SET {STATUS_SHARD} = :shard",
                    condition="#status = :status AND #schema = :schema",
                    names={"#status": "status", "#schema": "schema"},
                    values={
                        ":shard": status_shard(entry.status, key),
                        ":status": entry.status,
                        ":schema": SCHEMA_VERSION,
                    },
                ),
                stage="ledger",
            )

    def add_published(self, key: str, fields: Mapping[str, Value], *, at: float) -> bool:
        """Write the entry of a source that is published already; return whether it has it now.

        For an entry that was lost: an item that exists is not changed, whatever it says. `fields`
        are those of `commit`, and `at` is the time of that commit, in seconds since the epoch.
        """
        written = {**with_status(key, PUBLISHED, fields, at), "schema": SCHEMA_VERSION}
        names = {f"#f{number}": name for number, name in enumerate(written)}
        values = {f":v{number}": value for number, value in enumerate(written.values())}
        assignments = ", ".join(
            f"{name} = {value}" for name, value in zip(names, values, strict=True)
        )
        try:
            self.calls.attempt(
                lambda: self._update(
                    key,
                    f"SET {assignments}",
                    condition="attribute_not_exists(#key)",
                    names={**names, "#key": "key"},
                    values=values,
                ),
                stage="ledger",
            )
        except ConditionRefused as refused:
            # Perhaps by this same write, whose answer was lost.
            found = found_fields(refused)
            return all(found.get(name) == value for name, value in written.items())
        return True

    @property
    def _late_calls(self) -> Calls:
        return self.calls.within(Deadline.never(self._clock))

    def _finish(
        self, claim: Claim, status: str, fields: Mapping[str, Value], *, purges: bool
    ) -> float:
        """Write status and fields, and remove every other attribute of the former state.

        `purges` makes a purge due at the time that is returned. Every write of a status is here,
        so the index on status has every entry.
        """
        now = self._clock.now()
        written, gone = finished(claim, status, fields, now, purges=purges)
        self._write(claim, written, gone=gone, calls=self.calls)
        return now

    def _write(
        self,
        claim: Claim,
        fields: Mapping[str, Value],
        *,
        gone: Sequence[str],
        calls: Calls,
        also: str = "",
        ended: str = "done_token",
    ) -> None:
        """Write some fields, remove others and end the claim; `ClaimLost` if it is not ours.

        `also` is a further part of the update expression, in which `:own` is the claim's token.
        `ended` is the attribute that keeps this token.
        """
        written = {**fields, ended: claim.token}
        names = {f"#f{at}": name for at, name in enumerate((*written, *gone, "claim_token"))}
        placeholders = list(names)
        assignments = ", ".join(
            f"{name} = :v{at}" for at, name in enumerate(placeholders[: len(written)])
        )
        try:
            persist(
                calls,
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
            found = found_fields(refused)
            own = {name: value for name, value in written.items() if name not in CHANGED_BY_OTHERS}
            if all(found.get(name) == value for name, value in own.items()):
                return  # this same write took effect, and its answer was lost
            raise ClaimLost(
                "Expected our claim on the item, got another or none.", stage="ledger"
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
