"""What a backfill sends: pages of listed sources or files, and what becomes of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol

from shared.model.source import Listed


class Only(StrEnum):
    """Which sources of a selection are sent, by their `StateKind`."""

    MISSING = "missing"
    STALE = "stale"
    REJECTED = "rejected"


class Skipped(StrEnum):
    """Why a listed source or file is not sent."""

    NO_RECIPE = "no_recipe"
    NOT_ASKED_FOR = "not_asked_for"
    GONE = "gone"
    ALREADY_THERE = "already_there"
    NOT_AN_IMAGE = "not_an_image"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_MANY_BYTES = "too_many_bytes"
    UNSUPPORTED_KEY = "unsupported_key"
    LINK_OUTSIDE = "link_outside"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"

    @property
    def is_of_file(self) -> bool:
        """Return whether a file of a folder can be left out for this reason."""
        return self not in _OF_LISTED

    def is_refusal_of(self, name: str) -> bool:
        """Return whether somebody who uploads a file of this name would expect a picture of it.

        A folder of pictures has other files as well, such as notes and those of the system.
        """
        if self is Skipped.NOT_AN_IMAGE:
            return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES
        return self.is_of_file and self is not Skipped.ALREADY_THERE


IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
_OF_LISTED = frozenset({Skipped.NOT_ASKED_FOR, Skipped.GONE})


class SourceOutcome(StrEnum):
    """What became of a source that was sent; a source without an outcome is still waiting."""

    MADE = "made"
    CURRENT = "current"
    REJECTED = "rejected"
    REMOVED = "removed"  # the source was deleted before a worker processed it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Page:
    """Some sources in the order of the list, and the cursor at which the next page begins."""

    listed: Sequence[Listed]
    cursor: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source to be sent; `before` is `updated_at` of its ledger entry at that time, 0 for none.

    `is_current` means that a worker will have nothing to do.
    """

    key: str
    before: float = 0.0
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sources of one page that are sent, and the keys of the others by reason."""

    wanted: Sequence[Wanted] = ()
    skipped: Mapping[Skipped, Sequence[str]] = field(default_factory=dict)


class Feeder(Protocol):
    """A way to send sources: messages about listed ones, or uploads of files."""

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield what is listed after a cursor; the empty cursor is the beginning."""
        ...

    def choose(self, page: Page) -> Chosen:
        """Return what to send of a page, and change nothing."""
        ...

    def send(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Send sources that were just chosen; return the keys that can no longer be read."""
        ...

    def send_again(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Send sources that may have been sent before, as `send` does."""
        ...
