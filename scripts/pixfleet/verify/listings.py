"""Lists the sources of a stack, each with the names of the objects that are stored for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from scripts.pixfleet.verify.order import StoredNames, grouped, reordered, sort_key
from shared.model.keys import NotAVariantKey, parse_stored_key, shard
from shared.model.source import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Item = TypeVar("Item")

SHARDS = tuple(f"{number:02x}" for number in range(256))


@dataclass(frozen=True, slots=True)
class ListedKey:
    """The key of a source, the source if S3 lists one, and the names of its stored objects."""

    key: str
    source: Listed | None
    names: frozenset[str] = frozenset()

    @property
    def modified(self) -> datetime | None:
        """Return when the source was uploaded, in whole seconds; None without a source."""
        return datetime.fromisoformat(self.source.last_modified) if self.source else None


@dataclass(frozen=True, slots=True)
class Position:
    """How far an audit is: the last source's key, and the next key of each shard.

    A shard whose value is None has no more keys, and one without a value begins at its first.
    """

    after: str = ""
    shards: Mapping[str, str | None] = field(default_factory=dict)


BEGINNING = Position()


def merged(
    sources: Iterable[Listed], variants: "VariantsListing", held: list[Listed] | None = None
) -> Iterator[ListedKey]:
    """Yield once each key that has a source or stored objects; `held` is as in `reordered`."""
    for source in reordered(sources, held):
        for stored in variants.before(source.key):
            yield ListedKey(stored.key, None, stored.names)
        yield ListedKey(source.key, source, variants.names_of(source.key))
    for stored in variants.rest():
        yield ListedKey(stored.key, None, stored.names)


class VariantsListing:
    """The stored objects, shard by shard; two pages of each shard are held at most.

    A page is fetched while the page before it is read, in as many threads as the pool has. Objects
    whose key is not `<shard>/<key>/<name>` are not Pixfleet's and are skipped.
    """

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        prefix: str,
        pool: Executor,
        *,
        shards: Sequence[str] = SHARDS,
        position: Position = BEGINNING,
    ) -> None:
        self._prefix = prefix
        starts = {shard: position.shards.get(shard, "") for shard in shards}
        # All first pages are fetched at once, before one of them is waited for.
        listings: dict[str, Iterable[str]] = {
            shard: ()
            if start is None
            else ahead(
                object_pages(s3, bucket, f"{shard}/{prefix}", start and f"{shard}/{start}"), pool
            )
            for shard, start in starts.items()
        }
        self._shards = {
            shard: self._shard(listing, starts[shard] or "") for shard, listing in listings.items()
        }

    def next_keys(self) -> Mapping[str, str | None] | None:
        """Return the next key of each shard; None while a shard has a key that is partly read."""
        if any(each.held for each in self._shards.values()):
            return None
        return {
            shard: each.first.key if each.first else None for shard, each in self._shards.items()
        }

    def before(self, key: str) -> Iterator[StoredNames]:
        """Yield what this key's shard holds for keys that come before it."""
        listing = self._shards[shard(key)]
        while listing.first and sort_key(listing.first.key) < sort_key(key):
            yield listing.take()

    def names_of(self, key: str) -> frozenset[str]:
        """Return the object names of a key; `before` must have yielded the keys before it."""
        listing = self._shards[shard(key)]
        is_there = listing.first is not None and listing.first.key == key
        return listing.take().names if is_there else frozenset()

    def rest(self) -> Iterator[StoredNames]:
        """Yield everything that has not been taken."""
        for listing in self._shards.values():
            while listing.first:
                yield listing.take()

    def _shard(self, keys: Iterable[str], start: str) -> "_ShardListing":
        held: list[tuple[str, set[str]]] = []
        groups = grouped(_parsed(keys), held)
        # The prefix may end inside an object's name, so the source key itself is compared too.
        # Of the keys that S3 lists after the first one, some come before it in the common order.
        wanted = (
            each
            for each in groups
            if each.key.startswith(self._prefix)
            and (not start or sort_key(each.key) >= sort_key(start))
        )
        return _ShardListing(wanted, held)


class _ShardListing:
    """The groups of one shard; `first` is the next one, None at the end."""

    def __init__(
        self, groups: Iterator[StoredNames], held: Sequence[tuple[str, set[str]]]
    ) -> None:
        self._groups = groups
        self.held = held
        self.first = next(groups, None)

    def take(self) -> StoredNames:
        taken = self.first
        assert taken is not None  # noqa: S101 - every caller has looked at `first`
        self.first = next(self._groups, None)
        return taken


def sources(
    s3: "S3Client", bucket: str, prefix: str, pool: Executor, after: str = ""
) -> Iterator[Listed]:
    """Yield every source in the order of S3, fetching one page ahead.

    With `after`, those that come after this key in the common order.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, StartAfter=after
    )
    found = ahead(
        (
            [
                listed(each["Key"], each["ETag"].strip('"'), each["LastModified"], each["Size"])
                for each in page.get("Contents", [])
            ]
            for page in pages
        ),
        pool,
    )
    if not after:
        return found
    return (each for each in found if sort_key(each.key) > sort_key(after))


def listed(key: str, etag: str, modified: datetime, size_bytes: int) -> Listed:
    """Return a source; listings have milliseconds, the ledger stores the whole seconds of HEAD."""
    return Listed(key, etag, modified.replace(microsecond=0).isoformat(), size_bytes)


def object_pages(
    s3: "S3Client", bucket: str, prefix: str, start_after: str = ""
) -> Iterator[Sequence[str]]:
    """Yield the keys of a bucket, page by page."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, StartAfter=start_after
    )
    return ([each["Key"] for each in page.get("Contents", [])] for page in pages)


def ahead(pages: Iterator[Sequence[Item]], pool: Executor) -> Iterator[Item]:
    """Yield the items of all pages; fetch the first page at once and each other one page ahead."""
    coming = pool.submit(next, pages, None)

    def rest() -> Iterator[Sequence[Item]]:
        nonlocal coming
        while (page := coming.result()) is not None:
            coming = pool.submit(next, pages, None)
            yield page

    return chain.from_iterable(rest())


def _parsed(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        try:
            yield parse_stored_key(key)
        except NotAVariantKey:
            continue
