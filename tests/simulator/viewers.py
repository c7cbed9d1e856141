"""Pages in two regions that read manifests and pictures at random times, between everything else.

Each answer is checked at once. The bounds are those of `tests/support/staleness.py`.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from random import Random

from scripts.local.edge.messages import Response
from shared.model.keys import MANIFEST_NAME, parse_stored_key, stored_key
from tests.simulator.calls import Call, Observer, ledger_key, written
from tests.simulator.edge import REGIONS, Edge
from tests.simulator.publications import Publications
from tests.simulator.services import VARIANTS, Services
from tests.simulator.trace import Trace
from tests.support.staleness import ERROR_SECONDS, RENDERER_SECONDS, TRAVEL_SECONDS, Caches

TIMED_READS = 12
WAIT_SECONDS = (0.02, 0.5, 5.0, 31.0, 61.0, 150.0, 299.0, 301.0, 359.0, 700.0)
# After a result, around the bounds.
AFTER_RESULT_SECONDS = (
    1.0,
    20.0,
    59.0,
    61.0,
    119.0,
    121.0,
    299.0,
    302.0,
    359.0,
    362.0,
    719.0,
    722.0,
)
READS_AFTER_RESULT = 3
# Between a page's manifest and its pictures.
PAGE_SECONDS = (0.0, 0.0, 0.3, 5.0)
PICTURES = 3
# After how many of the writes somebody reads at once.
READ_SHARE = 0.5
END_SECONDS = 600.0


class StaleRead(AssertionError):
    """A viewer got bytes that are older than they may be."""


class Viewers(Observer):
    """Reads after writes of the variants bucket, and at other times; `counts` counts the reads."""

    def __init__(
        self,
        services: Services,
        edge: Edge,
        publications: Publications,
        caches: Caches,
        trace: Trace,
        dice: Random,
    ) -> None:
        self._services = services
        self._scheduler = services.scheduler
        self._edge = edge
        self._caches = caches
        self._trace = trace
        self._dice = dice
        # The names of a key's objects that may be made at their first request.
        self.names: Callable[[str], Sequence[str]] = lambda key: ()
        self._versions: dict[tuple[int, str], str] = {}
        self._has_read = False
        self._reading = 0
        self.publications = publications
        self.has_renderer = False
        # Whether people read without being told to.
        self.is_reading = True
        # How long after a removal or a rejection its pictures may be read, if purges work.
        self.purged_seconds = inf
        self.counts: Counter[str] = Counter()

    @property
    def is_done(self) -> bool:
        """Return whether nobody reads, and the timed reads are over."""
        return self._has_read and not self._reading and not self._edge.on_the_way

    def start(self, keys: Sequence[str]) -> None:
        """Read these keys at random times from now on."""
        self._read_after_a_while(keys, TIMED_READS if self.is_reading else 0)

    def after(self, call: Call) -> None:
        """Let a viewer read after some of the writes, before the worker goes on."""
        if not self.is_reading:
            return
        if key := ledger_key(call):
            self._plan_reads_after_result(key)
        elif (stored := written(call)) and call.arguments["Bucket"] == VARIANTS:
            key, name = parse_stored_key(stored[0])
            if self._dice.random() < READ_SHARE:
                read = self._read_page if name == MANIFEST_NAME else self._read
                self._start(0.0, partial(read, key))

    def look(self, key: str, choice: int) -> None:
        """Let somebody read one of the variants now."""
        if pictures := self.urls(key):
            self.look_at(pictures[choice % len(pictures)])

    def look_at(self, stored: str) -> None:
        """Let somebody in each region read a variant now."""
        for region in REGIONS:
            self._start(0.0, partial(self._read_picture, region, stored))

    def check_the_end(self, right: Mapping[str, bytes]) -> None:
        """Check that every URL shows what it should, once the longest bound is over.

        `right` has the bytes of each stored key; empty if there is no such picture.
        """
        self._scheduler.time += self._caches.picture_seconds + TRAVEL_SECONDS + ERROR_SECONDS
        # One after another, because more at once than the renderer's concurrency are refused.
        self._start(0.0, partial(self._check_shown, right))
        self._scheduler.run(until=lambda: self.is_done, longest_seconds=END_SECONDS)

    def _check_shown(self, right: Mapping[str, bytes]) -> None:
        for stored, body in right.items():
            seen = self._get(self._dice.choice(REGIONS), stored)
            if seen.body != body:
                raise StaleRead(f"/{stored} shows {seen.body!r} at the end, not {body!r}.")

    def _plan_reads_after_result(self, key: str) -> None:
        if self.publications.has_result(key):
            for seconds in self._dice.sample(AFTER_RESULT_SECONDS, READS_AFTER_RESULT):
                self._start(seconds, partial(self._read, key))

    def _start(self, seconds: float, read: Callable[[], None]) -> None:
        """Let somebody read in a task of its own, because the renderer takes its time."""

        is_now = not seconds
        self._reading += is_now

        def work() -> None:
            self._reading += not is_now
            read()
            self._reading -= 1

        self._scheduler.start(work, after_seconds=seconds)

    def _read_after_a_while(self, keys: Sequence[str], left: int) -> None:
        def read() -> None:
            self._read_after_a_while(keys, left - 1)
            self._read(self._dice.choice(keys))

        self._has_read = not left
        if left:
            self._start(self._dice.choice(WAIT_SECONDS), read)

    def _read(self, key: str) -> None:
        """Read a manifest, or a picture that is or was stored or may be made."""
        pictures = self.urls(key)
        which = self._dice.randrange(3)
        if not which:
            self._read_page(key)
        if not which or not pictures:
            return
        region, stored = self._dice.choice(REGIONS), self._dice.choice(pictures)
        version = self._versions.get((region, key), "") if which == 1 else ""
        self._read_picture(region, stored, version)

    def urls(self, key: str) -> Sequence[str]:
        """Return the stored keys of all variants that somebody may ask for."""
        made = [stored_key(key, name) for name in self.names(key)]
        return list(dict.fromkeys((*self.publications.pictures(key), *made)))

    def _read_page(self, key: str) -> None:
        """Read the manifest, and soon afterwards pictures under its version."""
        region, stored = self._dice.choice(REGIONS), stored_key(key, MANIFEST_NAME)
        seen = self._get(region, stored)
        self.counts["manifest reads"] += 1
        if not seen.body:
            return
        self._check_age(stored, seen, self._caches.manifest_seconds)
        version = str(json.loads(seen.body)["version"])
        self._versions[region, key] = version
        pictures = self.urls(key)
        for picture in self._dice.sample(pictures, min(PICTURES, len(pictures))):
            read = partial(self._read_picture, region, picture, version)
            self._start(self._dice.choice(PAGE_SECONDS), read)

    def _read_picture(self, region: int, stored: str, version: str = "") -> None:
        seen = self._get(region, stored, f"v={version}" if version else "")
        self.counts["versioned reads" if version else "unversioned reads"] += 1
        if not seen.body:
            self.counts["reads without a picture"] += 1
            return
        self._check_age(stored, seen, self._caches.picture_seconds)
        if version and not self.publications.is_of_version(stored, seen.body, version):
            raise StaleRead(f"/{stored}?v={version} shows an older version: {seen.body!r}.")

    def _check_age(self, stored: str, seen: Response, bound: float) -> None:
        self.counts["superseded reads"] += self.publications.is_superseded(stored, seen.body)
        bound += TRAVEL_SECONDS + (RENDERER_SECONDS if self.has_renderer else 0)
        if self.publications.was_taken_away(stored, self.purged_seconds):
            bound = min(bound, self.purged_seconds)
        failed_at = self._edge.failed_at.get(stored, 0.0)
        if self._scheduler.time - failed_at <= bound + ERROR_SECONDS:
            self.counts["reads while S3 refuses"] += 1
        elif not self.publications.is_recent(stored, seen.body, bound):
            raise StaleRead(f"/{stored} shows what was replaced {bound} s ago: {seen.body!r}.")

    def _get(self, region: int, stored: str, query: str = "") -> Response:
        seen = self._edge.get(region, stored, query)
        # Formatted by the trace, only if somebody wants it.
        self._trace.add("viewer", (region, stored, query), seen.body or seen.status)
        return seen
