"""The objects that a bucket lists, read beside the files of a folder, which are in the same order.

A listing costs a request for a thousand keys where HEAD costs one for each. Both are sorted: S3
sorts by the bytes of UTF-8, which is the order of Python's strings.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scripts.pixfleet.backfill.listing import LIST_KEYS, Listing
from scripts.pixfleet.backfill.selection import Page
from shared.model.source import Listed

# A page of a listing costs about as much as twelve HEADs, and replaces up to a thousand.
# https://aws.amazon.com/s3/pricing/: $0.005 and $0.0004 a thousand requests.
KEYS_A_LIST = 10


@dataclass
class ListedObjects:
    """The objects of a listing, which is read on while the keys ascend.

    `_ahead` has those between `_asked`, the last key that was asked for, and `_to`; at the end of
    the listing all that follow.
    """

    listing: Listing
    _ahead: dict[str, Listed] = field(default_factory=dict)
    _asked: str = ""
    _to: str = ""
    _is_at_end: bool = False
    _pages: Iterator[Page] | None = None

    def of(self, keys: Sequence[str]) -> Mapping[str, Listed | None]:
        """Return what is listed of sorted keys, None for those without an object.

        A key is missing if it is unknown whether there is an object: so many other keys are
        between these that the listing would cost more than a HEAD of each.
        """
        if not keys:
            return {}
        self._skip_to(keys[0])
        for _ in range(1 + len(keys) // KEYS_A_LIST):
            if self._is_at_end or self._to >= keys[-1]:
                break
            self._read()
        known = (key for key in keys if self._is_at_end or key <= self._to)
        found = {key: self._ahead.get(key) for key in known}
        self._ahead = {key: each for key, each in self._ahead.items() if key > keys[-1]}
        self._asked = keys[-1]
        return found

    def _skip_to(self, key: str) -> None:
        """Begin the listing before a key, unless its place is known or comes next."""
        before = key[:-1]
        is_gap = not self._is_at_end and self._to < before
        if self._pages is None or is_gap or key <= self._asked:
            self._ahead, self._to, self._is_at_end = {}, before, False
            self._pages = self.listing.pages(before, LIST_KEYS)

    def _read(self) -> None:
        page = next(self._pages or iter(()), None)
        if page is None:
            self._is_at_end = True
            return
        self._ahead |= {each.key: each for each in page.listed}
        self._to = page.cursor
