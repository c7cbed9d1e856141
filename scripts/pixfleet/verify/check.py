"""Checks one key: assesses it as a worker does, and compares stored objects with its entry."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.pixfleet.verify.check_result import (
    ENTRY_ALONE,
    NOT_INDEXED,
    OTHER_SCHEMA,
    CheckResult,
    Kind,
    ObjectsReason,
    RepairAction,
)
from scripts.pixfleet.verify.listings import ListedKey
from shared.cloud.ledger_reader import Read
from shared.cloud.stored_objects import StoredVersion
from shared.model.entry import Entry
from shared.model.errors import UnknownSchema
from shared.model.keys import MANIFEST_NAME
from shared.model.source import Source
from shared.model.state import CurrentRecipes, StateKind, assess

_UNLISTED = {
    StateKind.CURRENT: ObjectsReason.UNLISTED,
    StateKind.REJECTED: ObjectsReason.UNLISTED,
    StateKind.IGNORED: ObjectsReason.UNLISTED_WITHOUT_RECIPE,
    StateKind.ABSENT: ObjectsReason.UNLISTED_WITHOUT_SOURCE,
}


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks keys and changes nothing.

    `head` returns a source as it is now; it is called only where a listing is not enough.
    `stored_version` returns the version of a stored object, which no listing shows; it is called
    for lazy objects only, of which most sources have none. A key that changed at or after `since`
    (seconds since the epoch) counts as being worked on.
    """

    recipes: CurrentRecipes
    head: Callable[[str], Source | None]
    stored_version: Callable[[str, str], StoredVersion | None]
    since: float

    def check(self, listed: ListedKey, entry: Read) -> CheckResult:
        """Return what is found for a key that has a source or stored objects."""
        if isinstance(entry, UnknownSchema):
            return CheckResult(listed.key, Kind.UNREADABLE, OTHER_SCHEMA)
        changed_at = listed.modified.timestamp() if listed.modified else 0.0
        result = self._compared(listed, entry)
        if not entry.is_indexed and not result.kind.is_difference:
            result = _not_indexed(listed.key)
        return self._unless_young(result, max(changed_at, entry.updated_at, entry.lease_until))

    def check_entry(self, key: str, entry: Read) -> CheckResult | None:
        """Return what is found for an entry without source and objects; None if it agrees."""
        if isinstance(entry, UnknownSchema):
            return CheckResult(key, Kind.UNREADABLE, OTHER_SCHEMA)
        state = assess(key, entry, None, self.recipes)
        if state.kind is StateKind.ORPHANED and self.head(key) is None:
            result = CheckResult(key, Kind.ORPHANED, ENTRY_ALONE, RepairAction.ENQUEUE)
        elif not entry.is_indexed:
            result = _not_indexed(key)
        else:
            return None
        return self._unless_young(result, max(entry.updated_at, entry.lease_until))

    def _unless_young(self, result: CheckResult, changed_at: float) -> CheckResult:
        if result.kind.is_difference and changed_at >= self.since:
            return CheckResult(result.key, Kind.WORKING)
        return result

    def _compared(self, listed: ListedKey, entry: Entry) -> CheckResult:
        key, names = listed.key, listed.names
        if listed.source is None and self.head(key) is not None:
            return CheckResult(key, Kind.WORKING)  # uploaded after the listing
        state = assess(key, entry, listed.source, self.recipes)
        if state.kind is StateKind.NEEDS_HEAD:
            source = self.head(key)
            if source is None:
                return CheckResult(key, Kind.WORKING)  # deleted after the listing
            state = assess(key, entry, source, self.recipes)
        if state.reason:
            removed = _sorted(names) if state.kind is StateKind.ORPHANED else ()
            kind = Kind(state.kind.value)
            return CheckResult(key, kind, state.reason, RepairAction.ENQUEUE, removed)
        result = _compared_objects(listed, entry, state.kind)
        if state.kind is StateKind.CURRENT and result.action is not RepairAction.REMAKE:
            return self._with_outdated(result, entry, listed.names)
        return result

    def _with_outdated(
        self, result: CheckResult, entry: Entry, names: frozenset[str]
    ) -> CheckResult:
        """Return the result with the stored lazy objects that are of another version."""
        key, outdated = result.key, frozenset[str]()
        for name in sorted(names & entry.lazy - entry.stored):
            stored = self.stored_version(key, name)
            if stored is None or stored.version == entry.version:
                continue  # a lifecycle rule may delete a lazy object at any time
            if stored.stored_at >= self.since:
                return CheckResult(key, Kind.WORKING)
            outdated |= {name}
        if not outdated:
            return result
        others = result.names if result.kind is Kind.ORPHANED else ()
        return CheckResult(
            key,
            Kind.STALE,
            ObjectsReason.OUTDATED,
            RepairAction.DELETE,
            _sorted(outdated | frozenset(others)),
        )


def _not_indexed(key: str) -> CheckResult:
    return CheckResult(key, Kind.UNINDEXED, NOT_INDEXED, RepairAction.INDEX)


def _compared_objects(listed: ListedKey, entry: Entry, kind: StateKind) -> CheckResult:
    """Return whether the stored objects are those of an entry that agrees with its source.

    A lazy object may be missing: nobody has asked for it, or a lifecycle rule has deleted it.
    """
    key, names = listed.key, listed.names
    wanted = entry.stored | {MANIFEST_NAME} if kind is StateKind.CURRENT else frozenset()
    if missing := wanted - names:
        return CheckResult(
            key, Kind.MISSING, ObjectsReason.MISSING, RepairAction.REMAKE, _sorted(missing)
        )
    may_exist = wanted | entry.lazy if kind is StateKind.CURRENT else wanted
    if unlisted := names - may_exist:
        # Without a source the reason is that, whether or not a recipe matches the key.
        reason = _UNLISTED[kind if listed.source else StateKind.ABSENT]
        return CheckResult(key, Kind.ORPHANED, reason, RepairAction.DELETE, _sorted(unlisted))
    return CheckResult(key, Kind.IGNORED if kind is StateKind.ABSENT else Kind(kind.value))


def _sorted(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
