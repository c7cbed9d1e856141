"""What an audit finds for one key."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How source, ledger and stored variants of one key agree; every key is of one kind."""

    CURRENT = "current"  # the stored variants show the source by the deployed recipe
    REJECTED = "rejected"  # rejected, and nothing has changed since
    IGNORED = "ignored"  # no recipe matches the key, and nothing is stored for it
    WORKING = "being worked on"  # it changed a moment ago, or a worker holds a claim on it
    MISSING = "missing"  # a source without its variants
    STALE = "stale"  # the variants are of another source, recipe or engine
    ORPHANED = "orphaned"  # variants or a ledger entry without a source
    UNINDEXED = "not in the index"  # an earlier version wrote the entry, without `status_shard`
    UNREADABLE = "unreadable"  # another version of Pixfleet wrote the ledger entry

    @property
    def is_difference(self) -> bool:
        """Return whether it has to be repaired."""
        return self in DIFFERENCES


DIFFERENCES = (Kind.MISSING, Kind.STALE, Kind.ORPHANED, Kind.UNINDEXED, Kind.UNREADABLE)


class ObjectsReason(StrEnum):
    """Why a key differs although its ledger entry agrees with its source."""

    MISSING = "objects missing"
    OUTDATED = "lazy objects of another version"
    UNLISTED = "objects not in the ledger"
    UNLISTED_WITHOUT_SOURCE = "source gone, not in the ledger"
    UNLISTED_WITHOUT_RECIPE = "no recipe, not in the ledger"


# Only the scan of the ledger finds such a key: S3 lists neither a source nor an object of it.
ENTRY_ALONE = "entry without source"
NOT_INDEXED = "entry without status_shard"
OTHER_SCHEMA = "entry of another version"


class RepairAction(StrEnum):
    """What a repair does about a key."""

    NOTHING = ""
    ENQUEUE = "enqueue"  # the worker publishes or removes
    REMAKE = "remake"  # the entry looks finished: mark it dirty, then enqueue
    INDEX = "index"  # the entry is right, but the index on status lacks it
    DELETE = "delete"  # no worker would find these objects, or a renderer makes them again


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found for one key; `names` are the objects that are missing or not listed."""

    key: str
    kind: Kind
    reason: str = ""
    action: RepairAction = RepairAction.NOTHING
    names: tuple[str, ...] = ()
