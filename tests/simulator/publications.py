"""What was published when, and which bytes a read may therefore return."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.cloud.objects import VERSION
from shared.model.entry import PUBLISHED
from shared.model.keys import MANIFEST_NAME, manifest_key, parse_stored_key
from tests.simulator.calls import Call, Observer, ledger_key
from tests.simulator.services import TABLE, VARIANTS, Services


@dataclass(frozen=True, slots=True)
class Write:
    """One write of an object: its time, its bytes, and the version token that they belong to."""

    at: float
    body: bytes
    version: str


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a publication or a removal, which has an empty version."""

    at: float
    version: str


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
        elif call.operation == "put_object" and call.arguments["Bucket"] == VARIANTS:
            written = Write(self._now(), call.arguments["Body"], _version(call))
            stored = call.arguments["Key"]
            if stored not in self._writes and not _is_manifest(stored):
                self._pictures[parse_stored_key(stored)[0]].append(stored)
            self._writes[stored].append(written)

    def pictures(self, key: str) -> Sequence[str]:
        """Return the stored keys of all variants that a source has or had."""
        return self._pictures[key]

    def is_recent(self, stored: str, body: bytes, seconds: float) -> bool:
        """Return whether an object may have had these bytes at some time in the last seconds.

        It may if they are of the version that was published before, or were written since.
        """
        key, _ = parse_stored_key(stored)
        results = self._results[key]
        count = bisect_right(results, self._now() - seconds, key=lambda each: each.at)
        if not count:
            return True
        last = results[count - 1]
        return self._has(stored, body, last.version, last.at)

    def is_of_version(self, stored: str, body: bytes, version: str) -> bool:
        """Return whether bytes are of the version of a manifest, or were written after it.

        The first manifest with the version counts: from then on pages have URLs with it. If a
        source gets back an earlier version, these URLs may show the one between for a while.
        """
        key, _ = parse_stored_key(stored)
        first = next(each for each in self._writes[manifest_key(key)] if each.version == version)
        return self._has(stored, body, version, first.at)

    def is_superseded(self, stored: str, body: bytes) -> bool:
        """Return whether an object has other bytes now, or none."""
        found = self._services.buckets.current(VARIANTS, stored)
        return found is None or found.body != body

    def _has(self, stored: str, body: bytes, version: str, since: float) -> bool:
        return any(
            each.body == body and (each.version == version or each.at > since)
            for each in self._writes[stored]
        )

    def has_result(self, key: str) -> bool:
        """Return whether the ledger has a result for a key, and no unfinished work."""
        item = self._item(key)
        return "status" in item and "claim_token" not in item and "may_store" not in item

    def _note_result(self, key: str) -> None:
        item = self._item(key)
        is_published = item["status"]["S"] == PUBLISHED
        version = item["version"]["S"] if is_published else ""
        self._results[key].append(Result(self._now(), version))

    def _item(self, key: str) -> Mapping[str, Any]:
        return self._services.tables.items(TABLE).get(key, {})

    def _now(self) -> float:
        return self._services.scheduler.time


def _version(call: Call) -> str:
    if _is_manifest(call.arguments["Key"]):
        return str(json.loads(call.arguments["Body"])["version"])
    return str(call.arguments["Metadata"][VERSION])


def _is_manifest(stored: str) -> bool:
    return stored.endswith(f"/{MANIFEST_NAME}")
