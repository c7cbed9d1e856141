"""What was published when, and which bytes a read may therefore return."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from shared.cloud.stored_objects import VERSION
from shared.model.entry import PUBLISHED
from shared.model.keys import MANIFEST_NAME, manifest_key, parse_stored_key
from tests.simulator.buckets import Version
from tests.simulator.calls import Call, Observer, ledger_key, written
from tests.simulator.services import TABLE, VARIANTS, Services

WRITES = ("put_object", "copy_object")


@dataclass(frozen=True, slots=True)
class Write:
    """One write of an object: its time, its bytes, and the version token that they belong to.

    Or an answer of the renderer that is not stored; `at` is when its source was last current.
    """

    at: float
    body: bytes
    version: str


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a publication or a removal, which has an empty version."""

    at: float
    version: str
    ledger_time: str


class Publications(Observer):
    """Records every write of the variants bucket, and every result in the ledger."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._writes: dict[str, list[Write]] = defaultdict(list)
        self._results: dict[str, list[Result]] = defaultdict(list)
        self._pictures: dict[str, list[str]] = defaultdict(list)

    def after(self, call: Call) -> None:
        """Record a write or a result."""
        if key := ledger_key(call):
            if self.has_result(key):
                self._note_result(key)
        elif call.arguments.get("Bucket") == VARIANTS and call.operation in WRITES:
            (stored,) = written(call)
            self._note_write(stored)

    def pictures(self, key: str) -> Sequence[str]:
        """Return the stored keys of all variants that a source has or had."""
        return self._pictures[key]

    def note_answer(self, stored: str, body: bytes, version: str, at: float) -> None:
        """Record bytes that a renderer has answered with and not stored."""
        self._add(stored, Write(at, body, version))

    def is_recent(self, stored: str, body: bytes, seconds: float) -> bool:
        """Return whether an object may have had these bytes at some time in the last seconds.

        It may if they are of a version that was published before or since, or were written since.
        A source that gets back an earlier version gets back the bytes that were written for it.
        """
        key, _ = parse_stored_key(stored)
        results = self._results[key]
        count = bisect_right(results, self._now() - seconds, key=lambda each: each.at)
        if not count:
            return True
        versions = self.versions_since(key, self._now() - seconds)
        return self._has(stored, body, versions, results[count - 1].at)

    def versions_since(self, key: str, since: float) -> AbstractSet[str]:
        """Return the versions that were published at some time since then; empty for none."""
        results = self._results[key]
        count = bisect_right(results, since, key=lambda each: each.at)
        return {each.version for each in results[max(count - 1, 0) :]}

    def was_taken_away(self, stored: str, seconds: float) -> bool:
        """Return whether the last result before so many seconds was a removal or a rejection."""
        key, _ = parse_stored_key(stored)
        results = self._results[key]
        count = bisect_right(results, self._now() - seconds, key=lambda each: each.at)
        return bool(count) and not results[count - 1].version

    def is_of_version(self, stored: str, body: bytes, version: str) -> bool:
        """Return whether bytes are of the version of a manifest, or were written after it.

        The first manifest with the version counts: from then on pages have URLs with it. If a
        source gets back an earlier version, these URLs may show the one between for a while.
        """
        key, _ = parse_stored_key(stored)
        first = next(each for each in self._writes[manifest_key(key)] if each.version == version)
        return self._has(stored, body, {version}, first.at)

    def is_known(self, stored: str, body: bytes) -> bool:
        """Return whether an object ever had these bytes."""
        return any(each.body == body for each in self._writes.get(stored, ()))

    def is_known_of(self, key: str, body: bytes) -> bool:
        """Return whether any variant of a source ever had these bytes."""
        return any(self.is_known(stored, body) for stored in self._pictures[key])

    def is_superseded(self, stored: str, body: bytes) -> bool:
        """Return whether an object has other bytes now, or none."""
        found = self._services.buckets.current(VARIANTS, stored)
        return found is None or found.body != body

    def _has(self, stored: str, body: bytes, versions: AbstractSet[str], since: float) -> bool:
        return any(
            each.body == body and (each.version in versions or each.at > since)
            for each in self._writes.get(stored, ())
        )

    def has_result(self, key: str) -> bool:
        """Return whether the ledger has a result for a key, and no unfinished work."""
        item = self._item(key)
        return "status" in item and "claim_token" not in item and "may_store" not in item

    def _note_write(self, stored: str) -> None:
        found = self._services.buckets.current(VARIANTS, stored)
        assert found
        self._add(stored, Write(self._now(), found.body, _version(stored, found)))

    def _add(self, stored: str, write: Write) -> None:
        if stored not in self._writes and not _is_manifest(stored):
            self._pictures[parse_stored_key(stored)[0]].append(stored)
        self._writes[stored].append(write)

    def _note_result(self, key: str) -> None:
        item, results = self._item(key), self._results[key]
        is_published = item["status"]["S"] == PUBLISHED
        version = item["version"]["S"] if is_published else ""
        ledger_time = item["updated_at"]["N"]
        # A renderer's claim ends without a result.
        if not results or results[-1].ledger_time != ledger_time:
            results.append(Result(self._now(), version, ledger_time))

    def _item(self, key: str) -> Mapping[str, Any]:
        return self._services.tables.items(TABLE).get(key, {})

    def _now(self) -> float:
        return self._services.scheduler.time


def _version(stored: str, found: Version) -> str:
    if _is_manifest(stored):
        return str(json.loads(found.body)["version"])
    return str(found.headers["Metadata"][VERSION])


def _is_manifest(stored: str) -> bool:
    return stored.endswith(f"/{MANIFEST_NAME}")
