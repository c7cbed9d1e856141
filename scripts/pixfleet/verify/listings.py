"""What S3 lists of a stack: its sources, and beside each what is stored for it."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from scripts.pixfleet.verify.order import Stored, grouped, place, reordered
from shared.model.keys import NotAVariantKey, parse_stored_key, shard

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Item = TypeVar("Item")

SHARDS = tuple(f"{number:02x}" for number in range(256))


@dataclass(frozen=True, slots=True)
class Listed:
    """A source as a listing shows it: all that HEAD says, but for its metadata."""

    key: str
    etag: str
    modified: datetime

    @property
    def last_modified(self) -> str:
        """Return the time as the ledger notes it: HEAD tells whole seconds."""
        return self.modified.replace(microsecond=0).isoformat()


@dataclass(frozen=True, slots=True)
class Met:
    """One source key: its source, if there is one, and the names of what is stored for it."""

    key: str
    listed: Listed | None
    names: frozenset[str] = frozenset()


def merged(sources: Iterable[Listed], shelves: "Shelves") -> Iterator[Met]:
    """Yield each key once that has a source or stored objects."""
    for listed in reordered(sources):
        for stored in shelves.before(listed.key):
            yield Met(stored.key, None, stored.names)
        yield Met(listed.key, listed, shelves.names_of(listed.key))
    for stored in shelves.rest():
        yield Met(stored.key, None, stored.names)


class Shelves:
    """What is stored, shard by shard: up to two pages of each are held, and no more.

    A page is fetched while the one before it is read, as many at once as the pool has threads.
    Whatever is not of the shape `<shard>/<key>/<name>` is not ours and is passed over.
    """

    def __init__(self, s3: "S3Client", bucket: str, prefix: str, pool: Executor) -> None:
        self._prefix = prefix
        listings = [ahead(object_pages(s3, bucket, f"{shard}/{prefix}"), pool) for shard in SHARDS]
        self._shelves = {
            shard: _Shelf(self._groups(listing))
            for shard, listing in zip(SHARDS, listings, strict=True)
        }

    def before(self, key: str) -> Iterator[Stored]:
        """Yield what this key's shard holds for keys that come before it."""
        shelf = self._shelves[shard(key)]
        while shelf.first and place(shelf.first.key) < place(key):
            yield shelf.take()

    def names_of(self, key: str) -> frozenset[str]:
        """Return what is stored for the key; what comes before it must have been taken."""
        shelf = self._shelves[shard(key)]
        is_there = shelf.first is not None and shelf.first.key == key
        return shelf.take().names if is_there else frozenset()

    def rest(self) -> Iterator[Stored]:
        """Yield all that has not been taken."""
        for shelf in self._shelves.values():
            while shelf.first:
                yield shelf.take()

    def _groups(self, keys: Iterable[str]) -> Iterator[Stored]:
        # A key that only begins with the prefix together with the name of an object is another's.
        return (each for each in grouped(_ours(keys)) if each.key.startswith(self._prefix))


class _Shelf:
    """The groups of one shard, of which the first can be looked at."""

    def __init__(self, groups: Iterator[Stored]) -> None:
        self._groups = groups
        self.first = next(groups, None)

    def take(self) -> Stored:
        taken = self.first
        assert taken is not None  # noqa: S101 - asked before
        self.first = next(self._groups, None)
        return taken


def sources(s3: "S3Client", bucket: str, prefix: str, pool: Executor) -> Iterator[Listed]:
    """Yield every source in the order of S3, a page fetched ahead."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return ahead(
        (
            [
                Listed(each["Key"], each["ETag"].strip('"'), each["LastModified"])
                for each in page.get("Contents", [])
            ]
            for page in pages
        ),
        pool,
    )


def object_pages(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Sequence[str]]:
    """Yield the keys of a bucket, page by page."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return ([each["Key"] for each in page.get("Contents", [])] for page in pages)


def ahead(pages: Iterator[Sequence[Item]], pool: Executor) -> Iterator[Item]:
    """Yield what stands on the pages; the first is fetched at once, each other one page ahead."""
    coming = pool.submit(next, pages, None)

    def rest() -> Iterator[Sequence[Item]]:
        nonlocal coming
        while (page := coming.result()) is not None:
            coming = pool.submit(next, pages, None)
            yield page

    return chain.from_iterable(rest())


def _ours(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        try:
            yield parse_stored_key(key)
        except NotAVariantKey:
            continue
