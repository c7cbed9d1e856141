"""What is wrong at the end: whatever does not show the sources as they are then."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

PUBLISHED, REJECTED, REMOVED = "published", "rejected", "removed"

# What a corrupt source may be refused for.
CAUSES_OF_CORRUPT = frozenset({"corrupt", "not_an_image", "truncated", "unsupported_format"})

Step = Callable[[int, int], None]  # told how many are looked at, of how many


class Wrong(StrEnum):
    """In how many ways a key can have ended badly."""

    LOST = "lost"  # a good source without its variants, or a corrupt one without its refusal
    STALE = "stale"  # something shows another source than the one that is there
    LEFT_OVER = "left over"  # something is stored that nothing is there for
    OTHER_PIXELS = "other pixels"  # a variant that the source and the recipe do not give
    UNFINISHED = "unfinished"  # a claim that nobody came back for


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored object: of which source it says it was made, and its size."""

    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says of its source, and of its variants by name."""

    etag: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says."""

    status: str = ""
    etag: str = ""
    names: frozenset[str] = frozenset()
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything there is about one key once the queue is quiet; no ETag for no source."""

    etag: str = ""
    is_corrupt: bool = False
    stored: Mapping[str, Stored] = field(default_factory=dict)
    manifest: Manifest | None = None
    entry: Entry = Entry()


@dataclass(frozen=True, slots=True)
class DeadLetterKey:
    """A key that a dead letter names, and the dead letter's cause."""

    key: str
    cause: str


def wrongs(seen: Seen, names: AbstractSet[str]) -> AbstractSet[Wrong]:
    """Return what is wrong with one key, whose source should have variants of these names."""
    if not seen.etag:
        found = _of_nothing(seen)
    elif seen.is_corrupt:
        found = _of_a_corrupt_source(seen)
    else:
        found = _of_a_good_source(seen, names)
    return found | ({Wrong.UNFINISHED} if seen.entry.is_unfinished else set())


def unexplained(
    dead_letters: Sequence[DeadLetterKey], spoiled: AbstractSet[str]
) -> Sequence[DeadLetterKey]:
    """Return the dead letters that no corrupt source explains; `spoiled` is every such key."""
    return [
        dead_letter
        for dead_letter in dead_letters
        if dead_letter.key not in spoiled or dead_letter.cause not in CAUSES_OF_CORRUPT
    ]


def unreported(seen: Mapping[str, Seen], dead_letters: Sequence[DeadLetterKey]) -> Sequence[str]:
    """Return the corrupt sources that are there and of which no dead letter tells."""
    told = {dead_letter.key for dead_letter in dead_letters}
    return [key for key, each in seen.items() if each.etag and each.is_corrupt and key not in told]


def _of_nothing(seen: Seen) -> set[Wrong]:
    is_clean = not seen.stored and seen.manifest is None
    return set() if is_clean and seen.entry.status in {"", REMOVED} else {Wrong.LEFT_OVER}


def _of_a_corrupt_source(seen: Seen) -> set[Wrong]:
    found = {Wrong.LEFT_OVER} if seen.stored or seen.manifest else set()
    if seen.entry.status != REJECTED:
        found.add(Wrong.LOST)
    elif seen.entry.etag != seen.etag:
        found.add(Wrong.STALE)
    return found


def _of_a_good_source(seen: Seen, names: AbstractSet[str]) -> set[Wrong]:
    found = set()
    if seen.manifest is None or names - seen.stored.keys() or seen.entry.status != PUBLISHED:
        found.add(Wrong.LOST)
    if seen.stored.keys() - names:
        found.add(Wrong.LEFT_OVER)
    told = {each.etag for each in seen.stored.values()}
    told |= {seen.entry.etag} | ({seen.manifest.etag} if seen.manifest else set())
    if told - {seen.etag} or not _agree(seen):
        found.add(Wrong.STALE)
    return found


def _agree(seen: Seen) -> bool:
    """Say whether manifest, ledger and stored objects name the same files, of the same sizes."""
    sizes = {name: each.size_bytes for name, each in seen.stored.items()}
    is_listed = seen.entry.status != PUBLISHED or seen.entry.names == sizes.keys()
    return is_listed and (seen.manifest is None or seen.manifest.sizes == sizes)
