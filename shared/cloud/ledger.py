"""DynamoDB: the ledger, one item for each source, and the claim that makes one writer per key.

Every write is conditional on the claim's token: a worker that lost its lease changes nothing. Each
write may be repeated if its answer was lost: the token of the last claim that ended stays on the
item.

A worker and a renderer never write a key at the same time: `serving_claims.py` has the claims of
renderers, and `lazy` has the names that they stored.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING
from uuid import uuid4

from shared.clock import Clock
from shared.cloud.calls import Calls
from shared.cloud.claims import (
    NO_LIVE_LEASE,
    Claim,
    claim_refusal,
    held,
    unchanged,
)
from shared.cloud.entries import SCHEMA_VERSION, read_entry
from shared.cloud.errors import ConditionRefused
from shared.cloud.finish import (
    finished,
    forwarded_fields,
    rejection_fields,
    tombstone_fields,
)
from shared.cloud.items import Value
from shared.cloud.ledger_items import LedgerItems
from shared.deadline import Deadline
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.errors import Failure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Ledger:
    """The DynamoDB table, as workers write it.

    `commit`, `reject` and `tombstone` follow a render or deletes, so they wait until the deadline
    while DynamoDB throttles. `release`, `abandon`, `hand_over` and `mark_dirty` ignore the
    deadline: each is useful however late it is, and its condition keeps it from changing what
    another worker wrote.
    """

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str, clock: Clock) -> None:
        self.items = LedgerItems(dynamodb, calls, table)
        self.clock = clock

    def within(self, deadline: Deadline) -> "Ledger":
        """Return the same table for work that must end by the deadline."""
        bound = copy(self)
        bound.items = self.items.within(deadline)
        return bound

    @property
    def without_deadline(self) -> LedgerItems:
        """Return the items for a write that is useful however late it is."""
        return self.items.within(Deadline.never(self.clock))

    def read(self, key: str) -> Entry:
        """Return the entry of a consistent read; an empty entry if there is no item."""
        return self.items.read(key)

    def refuse_held(self, entry: Entry) -> None:
        """Raise `Claimed` if a lease is live, as `claim` would, but without a write."""
        now = self.clock.now()
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
        token, now = uuid4().hex, self.clock.now()
        lease_until = now + lease_seconds
        done = {":done": known.done_token} if known.done_token else {}
        try:
            answer = self.items.update(
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
            )
        except ConditionRefused as refused:
            raise claim_refusal(refused, known, now) from refused
        found = read_entry(answer.get("Attributes", {}), ours=token)
        may_exist = found.may_exist | set(may_store)
        return Claim(key, token, lease_until, found, may_exist, frozenset(messages))

    def clear_purge_due(self, key: str, due: float) -> None:
        """Note that the purge that was due at this time is sent; a later one stays due."""
        with suppress(ConditionRefused):
            self.items.update(
                key,
                "REMOVE purge_due",
                condition="purge_due = :due AND #schema = :schema",
                names={"#schema": "schema"},
                values={":due": due, ":schema": SCHEMA_VERSION},
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
        fields = {**facts, **tombstone_fields(self.clock.now())}
        return self._finish(claim, REMOVED, fields, purges=purges)

    def release(self, claim: Claim, *, hold_seconds: float = 0.0, crashed: bool = False) -> None:
        """End a claim whose work failed; the names that it may have stored stay in the item.

        `hold_seconds` keeps the key from other workers a little longer, because a write may still
        take effect. `crashed` counts a render child that died under this claim.
        """
        # This attempt did not crash; the tokens of attempts that did stay.
        ended = f"DELETE attempts :own{' ADD crashes :own' if crashed else ''}"
        if hold_seconds:
            hold = {"lease_until": self.clock.now() + hold_seconds}
            self.without_deadline.end_claim(claim, hold, removed=(), extra=ended)
        else:
            self.without_deadline.end_claim(claim, {}, removed=("lease_until",), extra=ended)

    def abandon(self, claim: Claim) -> None:
        """End a claim under which nothing was stored; leave the entry as it was before."""
        ended = ("lease_until", "attempts", "crashes", "may_store")
        self.without_deadline.end_claim(claim, {}, removed=ended)

    def hand_over(self, claim: Claim, *, lane: str, why: Failure, has_stored: bool) -> None:
        """End a claim whose key a larger lane gets, and note why; the published version stays.

        `has_stored` says that objects may have been stored under the claim: the entry then stays
        unfinished, as it does if it was so before. Crashes and attempts of this lane are
        forgotten: the next lane counts from zero.
        """
        ended: tuple[str, ...] = ("lease_until", "attempts", "crashes")
        if not (has_stored or claim.entry.is_unfinished):
            ended = (*ended, "may_store")
        written = forwarded_fields(lane, why, self.clock.now())
        self.without_deadline.end_claim(claim, written, removed=ended)

    def mark_dirty(self, claim: Claim) -> None:
        """Note that a lost claim may have written: the stored variants may be of two versions.

        The worker that has the key now loses its claim in turn, and the next one renders again.
        Not conditional on the claim, which is another worker's.
        """
        self.without_deadline.update(
            claim.key,
            "REMOVE claim_token ADD may_store :names",
            condition="#schema = :schema",
            names={"#schema": "schema"},
            values={":names": claim.may_exist, ":schema": SCHEMA_VERSION},
        )

    def _finish(
        self, claim: Claim, status: str, fields: Mapping[str, Value], *, purges: bool
    ) -> float:
        """Write status and fields, and remove every other attribute of the former state.

        `purges` makes a purge due at the time that is returned.
        """
        now = self.clock.now()
        written, former = finished(claim, status, fields, now, purges=purges)
        self.items.end_claim(claim, written, removed=former)
        return now
