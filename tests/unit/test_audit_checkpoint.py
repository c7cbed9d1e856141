"""An interrupted audit goes on where it was, and finds what an uninterrupted one finds."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.pixfleet.verify.audit import Audit, AuditSizes, Scope
from scripts.pixfleet.verify.bloom_filter import BloomFilter
from scripts.pixfleet.verify.check_result import CheckResult, Kind, RepairAction
from scripts.pixfleet.verify.checkpoint import AuditCheckpoint
from scripts.pixfleet.verify.listings import ListedKey, Position
from shared.model.entry import Entry
from shared.model.errors import Misconfigured
from shared.model.keys import stored_key

pytestmark = pytest.mark.unit

SOURCES, VARIANTS = "sources", "variants"
WHEN = datetime(2026, 6, 1, tzinfo=UTC)
SIZES = AuditSizes(threads=2, lookups=1, filter_bits=1 << 12)
# Keys of which some are the beginning of others, in the characters around the slash.
CHARACTERS = "a-/0"


class Buckets:
    """ListObjectsV2 of two buckets, in pages of three keys."""

    def __init__(self, sources: Sequence[str], stored: Sequence[str]) -> None:
        self._keys = {SOURCES: sorted(sources), VARIANTS: sorted(stored)}

    def get_paginator(self, _: str) -> "Buckets":
        return self

    def paginate(
        self,
        *,
        Bucket: str,  # noqa: N803 - boto3's
        Prefix: str,  # noqa: N803
        StartAfter: str,  # noqa: N803
    ) -> Iterator[Mapping[str, Any]]:
        found = [
            {"Key": key, "ETag": "e", "LastModified": WHEN, "Size": 1}
            for key in self._keys[Bucket]
            if key.startswith(Prefix) and key > StartAfter
        ]
        for at in range(0, len(found), 3):
            yield {"Contents": found[at : at + 3]}


class Ledger:
    """A ledger without entries."""

    def of(self, keys: Sequence[str]) -> Mapping[str, Entry]:
        return {key: Entry() for key in keys}

    def all(self, *_: object, **__: object) -> Iterator[tuple[str, Entry]]:
        yield from ()


class EveryKey:
    """A checker that reports every key with the names of its objects."""

    def check(self, listed: ListedKey, _: Entry) -> CheckResult:
        kind = Kind.MISSING if listed.source else Kind.ORPHANED
        names = tuple(sorted(listed.names))
        return CheckResult(listed.key, kind, "seen", RepairAction.NOTHING, names)


def audit(sources: Sequence[str], stored: Sequence[str]) -> Audit:
    return Audit(
        cast("Any", Buckets(sources, stored)),
        cast("Any", Ledger()),
        cast("Any", EveryKey()),
        Scope(SOURCES, VARIANTS),
        SIZES,
    )


def some_keys(seed: int) -> tuple[list[str], list[str]]:
    """Return sources, and objects of most of them and of some others."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    keys = sorted(
        {"".join(chance.choices(CHARACTERS, k=chance.randint(1, 5))) for _ in range(400)}
        - {"/", "//", "///"}
    )
    sources = [key for key in keys if chance.random() < 0.7]
    stored = [
        stored_key(key, name)
        for key in keys
        if chance.random() < 0.8
        for name in ("0.webp", "manifest.json", "w640.avif")
    ]
    return sources, stored


@pytest.mark.parametrize("seed", range(5))
def test_each_point_at_which_an_audit_saves_is_one_from_which_it_can_go_on(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.pixfleet.verify.audit.BATCH_KEYS", 7)
    sources, stored = some_keys(seed)
    whole = audit(sources, stored)
    saved: list[tuple[Position, Counter[tuple[Kind, str]], int]] = []
    found: list[CheckResult] = []
    whole.save = lambda position, counts, _: saved.append((position, Counter(counts), len(found)))
    for each in whole.differences():
        found.append(each)  # noqa: PERF402 - `save` reads the length meanwhile
    assert len(saved) >= 3

    for position, counts, length in saved:
        rest = audit(sources, stored)
        rest.position, rest.counts = position, Counter(counts)
        again = found[:length] + list(rest.differences())

        assert sorted(each.key for each in again) == sorted(each.key for each in found)
        assert {each.key: each.names for each in again} == {each.key: each.names for each in found}
        assert rest.counts == whole.counts


def test_what_was_written_after_the_last_checkpoint_is_found_again(tmp_path: Path) -> None:
    path, counts = tmp_path / "audit", Counter({(Kind.MISSING, "seen"): 2})
    listed = BloomFilter(bits=1 << 10)
    listed.add("a")
    kept = AuditCheckpoint(path, "scope", every_seconds=0)
    differences = kept.open()
    differences.add(CheckResult("a", Kind.MISSING, "seen", RepairAction.NOTHING, ()))
    kept.save(Position("a", {"00": "b", "01": None}), counts, listed)
    differences.add(CheckResult("b", Kind.MISSING, "seen", RepairAction.NOTHING, ()))
    kept.close()  # as if the process had been killed now

    again = AuditCheckpoint(path, "scope")
    left = again.open()

    assert [each.key for each in left] == ["a"]
    assert again.saved is not None
    assert again.saved.position == Position("a", {"00": "b", "01": None})
    assert again.saved.counts == counts
    assert ("a" in again.saved.listed, "b" in again.saved.listed) == (True, False)
    again.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"schema": 1, "scope": "another"}),
        json.dumps({"schema": 2, "scope": "scope"}),
        "SQLite format 3",
        "[]",
    ],
)
def test_a_file_of_another_audit_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "audit"
    path.write_text(text)

    with pytest.raises(Misconfigured):
        AuditCheckpoint(path, "scope").open()

    assert path.read_text() == text


def test_checkpoints_are_written_at_intervals(tmp_path: Path) -> None:
    kept = AuditCheckpoint(tmp_path / "audit", "scope", every_seconds=1e9)
    kept.open()

    kept.save(Position("a"), Counter(), BloomFilter(bits=8))

    assert not kept.path.exists()
    kept.close()
