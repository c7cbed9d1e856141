"""Brings two listings of S3 into one order, so that they can be merged in little memory.

Sources are listed by key, variants by `<shard>/<key>/<name>`. Within a shard that is not the same
order: `cat` comes before `cat-1`, but `cat/w640.avif` after `cat-1/w640.avif`; and the objects of
`cat` come both before and after those of `cat/2`. In the order of this module, a key comes after
all longer keys that begin with it and go on with a character up to `/`. To bring a listing into
this order, it is enough to hold back the few keys that are the beginning of later ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """Anything that belongs to one source key."""

    @property
    def key(self) -> str:
        """Return the key of the source."""


K = TypeVar("K", bound=Keyed)


@dataclass(frozen=True, slots=True)
class StoredNames:
    """The names of all objects that are stored for one source key, with the manifest's."""

    key: str
    names: frozenset[str]


def sort_key(key: str) -> bytes:
    """Return the sort key of the common order; its last byte does not occur in UTF-8."""
    return key.encode() + b"/\xff"


def reordered(listing: Iterable[K], held: list[K] | None = None) -> Iterator[K]:
    """Yield the items of a listing, which is in S3's order, in the common order.

    `held` is a list for the items that are held back; it is empty where an interrupted audit can
    go on. It holds only items of which each key is the beginning of the next one: never more than
    a key has characters.
    """
    held = [] if held is None else held
    for each in listing:
        while held and not _continues(each.key, held[-1].key):
            yield held.pop()
        held.append(each)
    yield from reversed(held)


def grouped(
    objects: Iterable[tuple[str, str]], held: list[tuple[str, set[str]]] | None = None
) -> Iterator[StoredNames]:
    """Yield the names of each source key in the common order, from the listing of one shard.

    `objects` are source keys and names, in the order of S3. `held` is a list for the keys whose
    names are not all read, as in `reordered`.
    """
    held = [] if held is None else held
    for key, name in objects:
        while held and not f"{key}/".startswith(f"{held[-1][0]}/"):
            yield _closed(held)
        if not held or held[-1][0] != key:
            held.append((key, set()))
        held[-1][1].add(name)
    while held:
        yield _closed(held)


def _continues(later: str, key: str) -> bool:
    return later.startswith(key) and later[len(key)] <= "/"


def _closed(held: list[tuple[str, set[str]]]) -> StoredNames:
    key, names = held.pop()
    return StoredNames(key, frozenset(names))
