"""Decides what is true of one key as the worker would (shared/model/state.py); changes nothing.

HEAD is asked only where the listing cannot tell: overrides are metadata, which no listing shows.
But an object of the same ETag and time as the one that the ledger knows has the same metadata.
"""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.pixfleet.verify.difference import Kind, Mend, Verdict
from scripts.pixfleet.verify.listings import Listed, Met
from shared.cloud.ledger_reader import Read
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.errors import UnknownSchema
from shared.model.keys import MANIFEST_NAME
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Source
from shared.model.state import recipe_for
from shared.model.versions import ENGINE_VERSION

ASKS_FOR_A_RECIPE = ";recipe="


@dataclass(frozen=True, slots=True)
class Judge:
    """What all keys are judged by.

    `head` is of a source as it is now, `fingerprint_of` that of a recipe with
    its watermark of now. What has changed
    since `since` (seconds since the epoch) is still being worked on.
    """

    recipes: RecipeSet
    head: Callable[[str], Source | None]
    fingerprint_of: Callable[[Recipe], str]
    since: float

    def judge(self, met: Met, entry: Read) -> Verdict:
        """Return what is true of a key that has a source or stored objects."""
        if isinstance(entry, UnknownSchema):
            return Verdict(met.key, Kind.UNREADABLE, "entry of another version")
        if met.listed is None:
            verdict = self._without_source(met.key, entry, met.names)
        else:
            verdict = self._of_source(met.listed, entry, met.names)
        changed_at = met.listed.modified.timestamp() if met.listed else 0.0
        return self._unless_young(verdict, max(changed_at, entry.updated_at, entry.lease_until))

    def judge_entry(self, key: str, entry: Read) -> Verdict | None:
        """Return what is true of a ledger entry whose source no listing showed; none if nothing.

        Its objects were not shown either.
        """
        if isinstance(entry, UnknownSchema):
            return Verdict(key, Kind.UNREADABLE, "entry of another version")
        is_settled = entry.status in ("", REMOVED) and not entry.stored
        # The worker passes over a key that no recipe is for and of which nothing is stored.
        is_passed_over = self.recipes.matching(key) is None and not entry.stored
        if is_settled or is_passed_over or self.head(key) is not None:
            return None
        verdict = Verdict(key, Kind.ORPHANED, "entry without source", Mend.ENQUEUE)
        return self._unless_young(verdict, max(entry.updated_at, entry.lease_until))

    def _unless_young(self, verdict: Verdict, changed_at: float) -> Verdict:
        if verdict.kind.is_difference and changed_at >= self.since:
            return Verdict(verdict.key, Kind.WORKING)
        return verdict

    def _without_source(self, key: str, entry: Entry, names: frozenset[str]) -> Verdict:
        if self.head(key) is not None:
            return Verdict(key, Kind.WORKING)  # younger than the listing
        if entry.stored or entry.status in (PUBLISHED, REJECTED):
            return Verdict(key, Kind.ORPHANED, "source gone", Mend.ENQUEUE, _sorted(names))
        if not names:
            return Verdict(key, Kind.IGNORED)
        return _too_many(key, "source gone, not in the ledger", names)

    def _of_source(self, listed: Listed, entry: Entry, names: frozenset[str]) -> Verdict:
        key = listed.key
        if self.recipes.matching(key) is None:
            if entry.stored:
                return Verdict(key, Kind.STALE, "no recipe any more", Mend.ENQUEUE)
            reason = "no recipe, not in the ledger"
            return _too_many(key, reason, names) if names else Verdict(key, Kind.IGNORED)
        if entry.status in ("", REMOVED):
            reason = "begun, never finished" if entry.is_unfinished else "never made"
            return Verdict(key, Kind.MISSING, reason, Mend.ENQUEUE)
        if reason := self._difference(listed, entry):
            return Verdict(key, Kind.STALE, reason, Mend.ENQUEUE)
        return _settled(key, entry, names)

    def _difference(self, listed: Listed, entry: Entry) -> str:
        """Return in what the entry is not of this source as it would be made now; or nothing."""
        if entry.is_unfinished:
            return "begun, never finished"
        if entry.etag != listed.etag:
            return "source replaced"
        is_same_write = entry.last_modified == listed.last_modified
        if entry.status == REJECTED and not is_same_write:
            return "source dropped again"
        asks = ASKS_FOR_A_RECIPE in entry.identity
        if is_same_write and (entry.recipe or not asks):
            wanted = (
                self.recipes.named(entry.recipe) if asks else self.recipes.matching(listed.key)
            )
        else:
            source = self.head(listed.key)
            if source is None or source.identity != entry.identity:
                return "overrides changed"
            wanted = recipe_for(source, self.recipes)
        fingerprint = self.fingerprint_of(wanted) if wanted else ""
        if entry.fingerprint != fingerprint:
            return "recipe changed"
        return "" if entry.engine == ENGINE_VERSION else "engine changed"


def _settled(key: str, entry: Entry, names: frozenset[str]) -> Verdict:
    """Return what is true where the ledger agrees with the source: are the objects there too?"""
    wanted = entry.stored | {MANIFEST_NAME} if entry.status == PUBLISHED else frozenset()
    if lacking := wanted - names:
        return Verdict(key, Kind.MISSING, "objects missing", Mend.REMAKE, _sorted(lacking))
    if surplus := names - wanted:
        return _too_many(key, "objects not in the ledger", surplus)
    return Verdict(key, Kind.REJECTED if entry.status == REJECTED else Kind.CURRENT)


def _too_many(key: str, reason: str, names: frozenset[str]) -> Verdict:
    return Verdict(key, Kind.ORPHANED, reason, Mend.DELETE, _sorted(names))


def _sorted(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
