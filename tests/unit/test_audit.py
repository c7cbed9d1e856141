import random
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from scripts.pixfleet.verify.audit import Audit, AuditSizes, Scope
from scripts.pixfleet.verify.bloom_filter import BloomFilter
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.listings import ahead, listed
from scripts.pixfleet.verify.order import StoredNames, grouped, reordered, sort_key
from shared.cloud.ledger_reader import LedgerReader, Read
from shared.model.entry import PUBLISHED, Entry
from shared.model.recipe_reader import read_recipes
from shared.model.source import Listed
from shared.model.state import CurrentRecipes
from shared.model.versions import ENGINE_VERSION

pytestmark = pytest.mark.unit

RECIPES = read_recipes(
    {
        "version": 1,
        "recipes": [
            {"name": "one", "match": {}, "variants": [{"name": "w", "formats": ["webp"]}]}
        ],
    }
)
FINGERPRINT = RECIPES.recipes[0].fingerprint
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = ("manifest.json", "w.webp")
PIECES = ("a", "b", "-", ".", "/", "0", "é", "a/b", " (1)", "!")


def _listed(key: str) -> Listed:
    return listed(key, "etag", LONG_AGO, 1)


def _random_keys(seed: int) -> list[str]:
    chosen = random.Random(seed)  # noqa: S311 - the same keys every time
    made = ("".join(chosen.choices(PIECES, k=chosen.randint(1, 5))) for _ in range(60))
    return sorted({key for key in made if not key.startswith("/")})


@pytest.mark.parametrize("seed", range(20))
def test_a_listing_of_sources_comes_in_the_common_order(seed: int) -> None:
    keys = _random_keys(seed)

    reordered_keys = [each.key for each in reordered(map(_listed, keys))]

    assert reordered_keys == sorted(keys, key=sort_key)


@pytest.mark.parametrize("seed", range(20))
def test_a_listing_of_variants_is_grouped_in_the_common_order(seed: int) -> None:
    keys = _random_keys(seed)
    names = ("aa.webp", "manifest.json", "w.webp")
    listing = sorted((f"{key}/{name}", key, name) for key in keys for name in names)

    groups = list(grouped((key, name) for _, key, name in listing))

    assert groups == [StoredNames(key, frozenset(names)) for key in sorted(keys, key=sort_key)]


def test_a_filter_contains_every_added_key_and_hardly_any_other() -> None:
    seen = BloomFilter(bits=1 << 17)

    for number in range(4_000):
        seen.add(f"in/{number}")

    assert all(f"in/{number}" in seen for number in range(4_000))
    assert sum(f"out/{number}" in seen for number in range(4_000)) < 40


class _Paginator:
    def __init__(self, s3: "_Bucket") -> None:
        self._s3 = s3

    def paginate(
        self,
        *,
        Bucket: str,  # noqa: N803 - boto3's arguments
        Prefix: str,  # noqa: N803
        StartAfter: str,  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        assert not StartAfter
        return self._s3.pages(Bucket, Prefix)


class _Bucket:
    """A bucket that makes up any number of keys and holds none in memory."""

    def __init__(self, count: int) -> None:
        self._count = count

    def get_paginator(self, _: str) -> _Paginator:
        return _Paginator(self)

    def pages(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        if bucket == "sources":
            for start in range(0, self._count, 100):
                numbers = range(start, start + 100)
                yield {"Contents": [_object(f"{number:08}.jpg") for number in numbers]}
            return
        shard = int(prefix[1])
        for start in range(shard, self._count, 200):
            sources = [f"{number:08}.jpg" for number in range(start, start + 200, 2)]
            stored = (f"{prefix}{key}/{name}" for key in sources for name in NAMES)
            yield {"Contents": [_object(key) for key in stored]}


def _object(key: str) -> dict[str, Any]:
    return {"Key": key, "ETag": '"etag"', "LastModified": LONG_AGO, "Size": 1}


class _Ledger(LedgerReader):
    """A ledger in which every key is published, and one more whose source is gone."""

    def __init__(self) -> None:
        recipe = RECIPES.recipes[0]
        self._entry = Entry(
            status=PUBLISHED,
            etag="etag",
            identity="etag",
            last_modified=LONG_AGO.isoformat(),
            recipe=recipe.name,
            fingerprint=FINGERPRINT,
            engine=ENGINE_VERSION,
            stored=frozenset({"w.webp"}),
        )

    def of(self, keys: Sequence[str], *, consistent: bool = True) -> dict[str, Read]:
        return dict.fromkeys(keys, self._entry)

    def all(
        self, prefix: str = "", *, skips: Callable[[str], bool] = lambda _: False
    ) -> Iterator[tuple[str, Read]]:
        yield from ((key, self._entry) for key in ("00000000.jpg", "gone.jpg") if not skips(key))


def _peak_bytes(count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(
        "scripts.pixfleet.verify.listings.shard", lambda key: f"0{int(key[7]) % 2}"
    )
    monkeypatch.setattr("shared.model.keys.shard", lambda key: f"0{int(key[7]) % 2}")
    recipes = CurrentRecipes(RECIPES, lambda _: FINGERPRINT)
    checker = Checker(recipes, lambda _: None, lambda *_: None, since=2e9)
    audit = Audit(
        cast("Any", _Bucket(count)),
        _Ledger(),
        checker,
        Scope("sources", "variants"),
        AuditSizes(lookups=1, filter_bits=1 << 20, shards=("00", "01")),
    )
    tracemalloc.start()
    found = [difference.key for difference in audit.differences()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ["gone.jpg"]
    assert audit.counts.total() == count + 1
    return peak


def test_four_times_the_keys_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    few = _peak_bytes(2_000, monkeypatch)

    many = _peak_bytes(8_000, monkeypatch)

    assert many < few * 1.1


def test_pages_are_read_one_ahead_and_no_further() -> None:
    fetched: list[int] = []

    def pages() -> Iterator[list[int]]:
        for number in range(10):
            fetched.append(number)
            yield [number]

    with ThreadPoolExecutor(1) as pool:
        read = ahead(pages(), pool)
        first = next(read)

    assert (first, fetched) == (0, [0, 1])
