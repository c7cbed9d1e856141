"""What a backfill can be given: sources by the page, from wherever they are listed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shared.model.source import Listed


class Only(StrEnum):
    """Which sources of a selection are sent."""

    MISSING = "missing"
    STALE = "stale"
    REJECTED = "rejected"


class Skipped(StrEnum):
    """Why something that was found is not sent."""

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


class Ending(StrEnum):
    """What became of a source that was sent; what has none of these is still waiting."""

    MADE = "made"
    CURRENT = "current"
    REJECTED = "rejected"
    REMOVED = "removed"  # the source, by whoever else, before it was its turn
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Page:
    """Some sources in the order of the list, and where to go on behind them."""

    listed: Sequence[Listed]
    cursor: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source on its way: `before` is when the ledger's entry was written that it had then.

    0 if it had none. `is_current` says that nothing will have to be made of it.
    """

    key: str
    before: float = 0.0
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of one page what is sent, and of the rest how many for which reason, with an example."""

    wanted: Sequence[Wanted] = ()
    skipped: Mapping[Skipped, Sequence[str]] = field(default_factory=dict)


class Feeder(Protocol):
    """One way to bring sources to the fleet."""

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield what there is after a cursor; the empty one is the beginning."""
        ...

    def choose(self, page: Page) -> Chosen:
        """Return what of a page is to be sent; nothing is changed by it."""
        ...

    def send(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Send sources that were chosen just now; return the keys that cannot be read any more."""
        ...

    def send_again(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Send sources of which nobody knows whether they were sent before, as `send` does."""
        ...
