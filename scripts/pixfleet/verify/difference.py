"""What a sweep may find of one key."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How sources, ledger and stored variants agree on one key; every key is of one kind."""

    CURRENT = "current"  # what is stored shows the source, as now's recipe makes it
    REJECTED = "rejected"  # found unfit, and nothing has changed since
    IGNORED = "ignored"  # no recipe is for it, and nothing of it is stored
    WORKING = "being worked on"  # changed a moment ago, or somebody holds it
    MISSING = "missing"  # a source without its variants
    STALE = "stale"  # the variants are of another source, recipe or engine
    ORPHANED = "orphaned"  # variants, or a ledger entry, without a source
    UNREADABLE = "unreadable"  # the ledger's entry is of another version of Pixfleet

    @property
    def is_difference(self) -> bool:
        """Say whether it wants to be mended."""
        return self in DIFFERENCES


DIFFERENCES = (Kind.MISSING, Kind.STALE, Kind.ORPHANED, Kind.UNREADABLE)


class Mend(StrEnum):
    """What a repair does about it."""

    NOTHING = ""
    ENQUEUE = "enqueue"  # the worker makes it so
    REMAKE = "remake"  # the ledger believes it done: note the doubt, then enqueue
    DELETE = "delete"  # objects that no ledger entry lists: the worker would not find them


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is true of one key; `names` are the objects that lack or are too many."""

    key: str
    kind: Kind
    reason: str = ""
    mend: Mend = Mend.NOTHING
    names: tuple[str, ...] = ()
