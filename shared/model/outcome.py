"""The outcomes of a record that did not fail."""

from enum import StrEnum


class Outcome(StrEnum):
    """What the worker did with a record; the failures are in `errors`."""

    MADE = "made"  # variants, manifest and ledger entry were written
    CURRENT = "current"  # they were up to date already
    REMOVED = "removed"  # the source is deleted, and now its variants are, too
    ABSENT = "absent"  # the source is deleted, and it had no variants
    REJECTED = "rejected"  # the ledger holds why this source was refused before
    IGNORED = "ignored"  # no recipe matches the key
