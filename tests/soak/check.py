"""Finds what does not match the sources at the end."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

PUBLISHED, REJECTED, REMOVED = "published", "rejected", "removed"

# The causes for which a corrupt source may be rejected.
CAUSES_OF_CORRUPT = frozenset({"corrupt", "not_an_image", "truncated", "unsupported_format"})

Step = Callable[[int, int], None]  # called with how many are done, and of how many


class Defect(StrEnum):
    """The ways in which a key can be wrong at the end."""

    LOST = "lost"  # a valid source without its variants, or a corrupt one that is not rejected
    STALE = "stale"  # a variant, manifest or ledger entry is of another source
    LEFT_OVER = "left over"  # an object is stored without a source
    OTHER_PIXELS = "other pixels"  # a variant differs from a new render
    UNFINISHED = "unfinished"  # a claim was neither committed nor released


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored object: its source's ETag, from its metadata, and its size."""

    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest: its source's ETag, and the sizes of its variants by name."""

    etag: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the ledger."""

    status: str = ""
    etag: str = ""
    names: frozenset[str] = frozenset()
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class KeyState:
    """The state of one key after the queue is empty; `etag` is empty if there is no source."""

    etag: str = ""
    is_corrupt: bool = False
    stored: Mapping[str, Stored] = field(default_factory=dict)
    manifest: Manifest | None = None
    entry: Entry = Entry()


@dataclass(frozen=True, slots=True)
class DeadLetterKey:
    """A key of a dead letter, and the dead letter's cause."""

    key: str
    cause: str


def defects(states: KeyState, names: AbstractSet[str]) -> AbstractSet[Defect]:
    """Return the defects of one key; `names` are the variants that a source should have."""
    if not states.etag:
        found = _without_a_source(states)
    elif states.is_corrupt:
        found = _with_a_corrupt_source(states)
    else:
        found = _with_a_valid_source(states, names)
    return found | ({Defect.UNFINISHED} if states.entry.is_unfinished else set())


def unexplained(
    dead_letters: Sequence[DeadLetterKey], spoiled: AbstractSet[str]
) -> Sequence[DeadLetterKey]:
    """Return the dead letters that are not of a corrupt source; `spoiled` has these keys."""
    return [
        dead_letter
        for dead_letter in dead_letters
        if dead_letter.key not in spoiled or dead_letter.cause not in CAUSES_OF_CORRUPT
    ]


def unreported(
    states: Mapping[str, KeyState], dead_letters: Sequence[DeadLetterKey]
) -> Sequence[str]:
    """Return the keys of existing corrupt sources that have no dead letter."""
    reported = {dead_letter.key for dead_letter in dead_letters}
    corrupt = {key for key, each in states.items() if each.etag and each.is_corrupt}
    return sorted(corrupt - reported)


def _without_a_source(states: KeyState) -> set[Defect]:
    is_clean = not states.stored and states.manifest is None
    return set() if is_clean and states.entry.status in {"", REMOVED} else {Defect.LEFT_OVER}


def _with_a_corrupt_source(states: KeyState) -> set[Defect]:
    found = {Defect.LEFT_OVER} if states.stored or states.manifest else set()
    if states.entry.status != REJECTED:
        found.add(Defect.LOST)
    elif states.entry.etag != states.etag:
        found.add(Defect.STALE)
    return found


def _with_a_valid_source(states: KeyState, names: AbstractSet[str]) -> set[Defect]:
    found = set()
    if states.manifest is None or names - states.stored.keys() or states.entry.status != PUBLISHED:
        found.add(Defect.LOST)
    if states.stored.keys() - names:
        found.add(Defect.LEFT_OVER)
    etags = {each.etag for each in states.stored.values()}
    etags |= {states.entry.etag} | ({states.manifest.etag} if states.manifest else set())
    if etags - {states.etag} or not _is_consistent(states):
        found.add(Defect.STALE)
    return found


def _is_consistent(states: KeyState) -> bool:
    """Return whether manifest, ledger and stored objects have the same names and sizes."""
    sizes = {name: each.size_bytes for name, each in states.stored.items()}
    is_listed = states.entry.status != PUBLISHED or states.entry.names == sizes.keys()
    return is_listed and (states.manifest is None or states.manifest.sizes == sizes)
