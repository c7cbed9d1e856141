"""What became of one piece of work, where nothing failed."""

from enum import StrEnum


class Outcome(StrEnum):
    """The good ends of a record; the other ends are failures (see `errors`)."""

    MADE = "made"  # variants, manifest and ledger now show this source
    CURRENT = "current"  # they did already
    REMOVED = "removed"  # the source is gone, and so are its variants
    ABSENT = "absent"  # the source is gone, and there was nothing of it
    REJECTED = "rejected"  # found unfit before, as its dead letter and the ledger tell
    IGNORED = "ignored"  # no recipe is for this key
