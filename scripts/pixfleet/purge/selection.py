"""Which keys a person wants purged, and by which paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from shared.model.errors import Misconfigured
from shared.model.invalidation_paths import EVERYTHING, paths_of
from shared.model.keys import MAX_KEY_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The purge function invalidates everything at once if more messages wait.
MOST_KEYS = 100
# At once, and again after `shared.events.purge.AGAIN_SECONDS`.
PURGES_PER_KEY = 2


@dataclass(frozen=True, slots=True)
class PurgeSelection:
    """The keys to purge; empty if everything is."""

    keys: Sequence[str] = ()
    is_everything: bool = False

    @property
    def paths_needed(self) -> int:
        """Return how many of the month's paths this takes: each key is purged twice."""
        if self.is_everything:
            return 1
        return PURGES_PER_KEY * sum(len(paths_of(key)) for key in self.keys)

    @property
    def paths(self) -> Sequence[str]:
        """Return the paths that CloudFront is given, percent-encoded."""
        if self.is_everything:
            return [EVERYTHING]
        paths = chain.from_iterable(paths_of(key) for key in self.keys)
        return list(dict.fromkeys(paths))


def select_keys(
    s3: "S3Client", bucket: str, keys: Sequence[str], prefix: str | None, *, everything: bool
) -> PurgeSelection:
    """Return what is to be purged; `Misconfigured` unless it is named in exactly one way.

    A stored object's path begins with a hash of its key, so that no wildcard covers a prefix: the
    sources that are there now are listed, and more than `MOST_KEYS` of them are everything.
    """
    if sum([bool(keys), prefix is not None, everything]) != 1:
        raise _unusable("expected keys, or --prefix, or --all")
    if too_long := [key for key in keys if not 0 < len(key.encode()) <= MAX_KEY_BYTES]:
        raise _unusable(f"expected keys of 1 to {MAX_KEY_BYTES} bytes, got {too_long[0][:40]!r}")
    named = list(dict.fromkeys(keys))
    if prefix is not None:
        named = list(islice(_listed(s3, bucket, prefix), MOST_KEYS + 1))
    if everything or len(named) > MOST_KEYS:
        return PurgeSelection(is_everything=True)
    return PurgeSelection(named)


def _listed(s3: "S3Client", bucket: str, prefix: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": MOST_KEYS + 1}
    )
    for page in pages:
        for each in page.get("Contents", []):
            yield each["Key"]


def _unusable(problem: str) -> Misconfigured:
    return Misconfigured("Nothing was purged", [problem])
