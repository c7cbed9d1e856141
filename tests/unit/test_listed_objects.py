"""A folder is compared with a listing in as few requests as possible."""

from collections.abc import Sequence
from typing import Any

import pytest

from scripts.pixfleet.backfill.listed_objects import ListedObjects
from scripts.pixfleet.backfill.listing import LIST_KEYS, Listing
from shared.model.source import Listed

pytestmark = pytest.mark.unit

PAGE_FILES = 100
PREFIX = "2024/"
KEYS = [f"{PREFIX}{number:05}.png" for number in range(10_000)]


class Bucket:
    """Lists its keys, at most a thousand at a time; `lists` counts the requests."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = sorted(keys, key=str.encode)
        self.lists = 0

    def list_objects_v2(self, *, Prefix: str, MaxKeys: int, StartAfter: str, **_: Any) -> Any:  # noqa: ANN401, N803 - boto3's
        self.lists += 1
        rest = [each for each in self.keys if each.startswith(Prefix) and each > StartAfter]
        contents = [
            {"Key": each, "ETag": '"1"', "LastModified": _Never(), "Size": 1} for each in rest
        ]
        return {"Contents": contents[:MaxKeys], "IsTruncated": len(rest) > MaxKeys}


class _Never:
    def replace(self, **_: int) -> "_Never":
        return self

    def isoformat(self) -> str:
        return ""


def compared(bucket: Bucket, keys: Sequence[str]) -> dict[str, Listed | None]:
    """Return what is known after all pages of files have been compared."""
    s3: Any = bucket
    objects = ListedObjects(Listing(s3, "sources", PREFIX))
    found: dict[str, Listed | None] = {}
    for at in range(0, len(keys), PAGE_FILES):
        found |= objects.of(keys[at : at + PAGE_FILES])
    return found


def test_ten_thousand_stored_files_cost_ten_requests() -> None:
    bucket = Bucket(KEYS)

    found = compared(bucket, KEYS)

    assert bucket.lists == len(KEYS) / LIST_KEYS
    assert [each and each.key for each in found.values()] == KEYS


def test_an_empty_prefix_costs_one_request() -> None:
    bucket = Bucket(["2023/a.png"])

    assert compared(bucket, KEYS) == dict.fromkeys(KEYS)
    assert bucket.lists == 1


def test_files_without_an_object_are_known_to_have_none() -> None:
    stored = KEYS[::2]

    found = compared(Bucket(stored), KEYS)

    assert [key for key, each in found.items() if each] == stored
    assert len(found) == len(KEYS)


@pytest.mark.parametrize("first", [0, 4_321, 9_990])
def test_a_continued_run_begins_the_listing_where_it_is(first: int) -> None:
    bucket = Bucket(KEYS)

    found = compared(bucket, KEYS[first:])

    assert all(found[key] for key in KEYS[first:])
    assert bucket.lists <= (len(KEYS) - first) / LIST_KEYS + 1


def test_keys_that_are_asked_for_again_are_listed_again() -> None:
    """An estimate compares a part of the folder before the run compares all of it."""
    s3: Any = Bucket(KEYS)
    objects = ListedObjects(Listing(s3, "sources", PREFIX))
    objects.of(KEYS[:100])
    objects.of(KEYS[-100:])
    s3.keys.remove(KEYS[7])

    again = objects.of(KEYS[:100])

    assert [key for key, each in again.items() if each is None] == [KEYS[7]]


def test_a_few_files_among_many_keys_do_not_list_them_all() -> None:
    files = KEYS[:: len(KEYS) // 20]
    bucket = Bucket([*KEYS, *(f"{key}/{number}" for key in files for number in range(500))])

    found = compared(bucket, files)

    # The other files are compared by a HEAD of each.
    assert bucket.lists <= 1 + len(files) // 10
    assert 0 < len(found) < len(files)
    assert all(found.values())


def test_the_order_is_that_of_utf_8() -> None:
    keys = sorted(f"{PREFIX}{name}.png" for name in ("z", "ü", "🐈", "a b", "aa", "A"))

    assert all(compared(Bucket(keys), keys).values())
