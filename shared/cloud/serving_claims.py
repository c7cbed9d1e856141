"""The ledger as a renderer writes it: claims under which one object of a picture is stored."""

from uuid import uuid4

from shared.cloud.claims import NO_LIVE_LEASE, Claim, found_fields, serving_refusal, unchanged
from shared.cloud.entries import SCHEMA_VERSION, entry_of, read_entry
from shared.cloud.errors import ConditionRefused
from shared.cloud.ledger import Ledger
from shared.model.entry import PUBLISHED, SERVING, Entry
from shared.model.errors import Claimed, ClaimLost

# A renderer tries again if another claim has ended since it read the entry.
SERVING_TRIES = 3


class ServingClaims:
    """Claims of published keys, each for one object of the published version.

    They exclude commits, removals and other renderers. They are no attempts at the work on a key:
    what counts attempts and crashes stays as it is.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def claim(
        self, key: str, name: str, *, entry: Entry, lease_seconds: float, records_name: bool
    ) -> Claim:
        """Take a published key to store the object `name` of `entry.version`.

        Refused by `Claimed` if the key is not published from that version any more, if a worker
        has begun and not finished it, or if any lease is live. So no commit, no removal and no
        other renderer write the key before `lease_seconds` are over; the renderer's own write
        must have ended by then, whatever its answer. `records_name` adds the name to `lazy`, by
        which the next claim deletes the object; without it the entry must list the name already.

        Safe to repeat, like `Ledger.claim`. A request that was delayed, and arrives after this or
        another claim has ended, changes nothing. If another claim has ended since `entry` was
        read, the claim is tried again: a page often needs several new names at once.
        """
        known = entry
        for _ in range(SERVING_TRIES):
            now = self._ledger.clock.now()
            try:
                return self._claim_once(key, name, known, lease_seconds, records=records_name)
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

    def release(self, claim: Claim) -> bool:
        """End a claim after its write has ended; return whether the key is dirty now.

        After an unknown outcome the lease has to run out by itself. A release that comes after
        the lease may find that another worker has had the key, and that the write came after
        that worker's: then the key is marked as dirty, and a worker has to process it.
        """
        try:
            self._ledger.without_deadline.end_claim(
                claim,
                {},
                removed=("lease_until", "claim_kind"),
                kept_in="served_token",
            )
        except ClaimLost:
            if self._ledger.clock.now() > claim.lease_until:
                self._ledger.mark_dirty(claim)
                return True
        return False

    def _claim_once(
        self, key: str, name: str, known: Entry, lease_seconds: float, *, records: bool
    ) -> Claim:
        token, now = uuid4().hex, self._ledger.clock.now()
        lease_until = now + lease_seconds
        recorded = frozenset((name,)) - (frozenset() if records else known.stored)
        done = {":done": known.done_token} if known.done_token else {}
        served = {":served": known.served_token} if known.served_token else {}
        answer = self._ledger.items.update(
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
        )
        found = read_entry(answer["Attributes"])
        return Claim(key, token, lease_until, found, found.may_exist | {name})
