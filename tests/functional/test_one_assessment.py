"""The worker, `verify`, `backfill`, `dlq status` and `why` agree on the state of a source.

Random ledger entries, sources and recipes; the worker's own outcome is the truth, found by letting
the real worker process an event over fakes of S3 and DynamoDB.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from threading import BoundedSemaphore
from typing import Any, cast

import pytest
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st

from scripts.local.stack import create_ledger
from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.selection import Only, Page
from scripts.pixfleet.dlq.records import Part, RedrivenMessage
from scripts.pixfleet.dlq.status import FoundDeadLetters, RedriveStatusReader
from scripts.pixfleet.image.history import KeyHistory, SourceVersion
from scripts.pixfleet.image.why import explain
from scripts.pixfleet.stack.buckets import current_fingerprints
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.check_result import CheckResult, Kind, RepairAction
from scripts.pixfleet.verify.listings import ListedKey
from shared.cloud.entries import SCHEMA_VERSION, by_stored_name, facts_of, read_entry
from shared.cloud.items import to_item
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_reader import LedgerReader, Read
from shared.cloud.objects import Objects
from shared.cloud.status_shard import status_shard
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.keys import MANIFEST_NAME
from shared.model.outcome import Outcome
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes
from shared.model.source import Listed, Source
from shared.model.state import CurrentRecipes, StateKind, assess, recipe_for
from shared.model.versions import ENGINE_VERSION
from tests.simulator.buckets import Buckets
from tests.simulator.render_pool import FakeRenderPool
from tests.simulator.services import SOURCES, TABLE, VARIANTS
from tests.simulator.tables import Tables
from tests.simulator.workers import InlineExecutor
from tests.simulator.workers import settings as worker_settings
from tests.support.fakes import FakeClock, FakeQueues, unbounded_calls
from worker.batch import Consumer
from worker.context import WorkerContext
from worker.policy import POLICY
from worker.upload_pace import UploadPace

pytestmark = pytest.mark.functional

NOW = 1_800_000_000.0
UPLOADED, PROCESSED, REDRIVEN = NOW - 3000, NOW - 2000, NOW - 1000
# Cases are small; to shrink them further would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
PUBLIC_NAMES = ("small.webp",)


def _recipe_set(
    width: int, prefix: str, *, watermark: str = "", lazy: tuple[str, ...] = ()
) -> RecipeSet:
    formats = ["webp", *lazy]
    tiny: dict[str, object] = {
        "name": "tiny",
        "match": {"prefix": prefix},
        "variants": [
            {"name": "small", "width": width, "formats": formats, "lazy": list(lazy) or False}
        ],
    }
    if watermark:
        tiny["watermark"] = {"key": watermark}
    other = tiny | {"name": "other", "match": {"prefix": "never-by-key/"}, "placeholder": False}
    return read_recipes({"version": 1, "recipes": [tiny, other]})


WATERMARK = "marks/logo.png"
RECIPE_SETS = (
    _recipe_set(32, "photos/"),
    _recipe_set(48, "photos/"),
    _recipe_set(32, "photos/", watermark=WATERMARK),
    _recipe_set(32, "elsewhere/"),
    _recipe_set(32, "photos/", lazy=("avif",)),
)
# Names of variants, and names of copies, that an entry may have.
STORED = (("small.webp",), ("small.webp",), ("small.webp", "small.avif"), ("small.avif",))
EQUAL: tuple[dict[str, str], ...] = ({}, {}, {"small.webp": "small.avif"})


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An uploaded object."""

    body: bytes = b"good 1"
    metadata: tuple[tuple[str, str], ...] = ()
    at: float = UPLOADED


@dataclass(frozen=True, slots=True)
class Case:
    """A source (None if it is gone), what its entry was made from, and what is deployed."""

    source: Uploaded | None
    made_from: Uploaded
    status: str
    recipes: int = 0
    made_by: int = 0
    engine: str = ENGINE_VERSION
    is_unfinished: bool = False
    key: str = "photos/a.jpg"
    stored: tuple[str, ...] = PUBLIC_NAMES
    equal: Mapping[str, str] = field(default_factory=dict)
    is_all_eager: bool = False
    on_demand: bool = False


uploads = st.builds(
    Uploaded,
    body=st.sampled_from((b"good 1", b"good 1", b"good 2")),
    metadata=st.sampled_from(
        ((), (), (("focal", "0.5,0.5"),), (("recipe", "other"),), (("recipe", "unknown"),))
    ),
    at=st.sampled_from((UPLOADED, UPLOADED, UPLOADED + 60)),
)


recipe_sets = st.integers(0, len(RECIPE_SETS) - 1)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a case in which nothing, one thing or more has changed since the entry was written."""
    made_from, made_by = draw(uploads), draw(recipe_sets)
    source = draw(st.one_of(st.just(made_from), st.just(made_from), uploads, st.none()))
    if source and source.body == made_from.body and source.metadata != made_from.metadata:
        # No listing shows that metadata alone was changed within the same second.
        source = replace(source, at=made_from.at + 1)
    return Case(
        source=source,
        made_from=made_from,
        status=draw(st.sampled_from(("", REMOVED, PUBLISHED, PUBLISHED, REJECTED, REJECTED))),
        recipes=draw(st.one_of(st.just(made_by), recipe_sets)),
        made_by=made_by,
        engine=draw(st.sampled_from((ENGINE_VERSION, ENGINE_VERSION, "0"))),
        is_unfinished=draw(st.sampled_from((False, False, False, True))),
        key=draw(st.sampled_from(("photos/a.jpg",) * 5 + ("elsewhere/a.jpg",))),
        stored=draw(st.sampled_from(STORED)),
        equal=draw(st.sampled_from(EQUAL)),
        is_all_eager=draw(st.booleans()),
        on_demand=draw(st.booleans()),
    )


class _Site:
    """One key in fakes of S3 and DynamoDB."""

    def __init__(self, case: Case) -> None:
        self.case, self.key, self.clock = case, case.key, FakeClock(NOW)
        self.buckets, self.tables = Buckets(self.clock), Tables()
        self.buckets.create_bucket(Bucket=SOURCES, versioned=True)
        self.buckets.create_bucket(Bucket=VARIANTS)
        create_ledger(cast("Any", self.tables), TABLE)
        self.buckets.put_object(Bucket=SOURCES, Key=WATERMARK, Body=b"logo")
        calls = unbounded_calls(self.clock)
        self.objects = Objects(
            cast("Any", self.buckets), calls, sources_bucket=SOURCES, variants_bucket=VARIANTS
        )
        self.ledger = Ledger(cast("Any", self.tables), calls, TABLE, self.clock)
        fingerprints = current_fingerprints(self.objects)
        deployed = RECIPE_SETS[case.recipes]
        self.recipe_set = deployed if case.on_demand else deployed.all_eager()
        self.recipes = CurrentRecipes(self.recipe_set, fingerprints, on_demand=case.on_demand)
        made_from = self._uploaded(case.made_from)
        self._write_entry(made_from)
        self.buckets.delete_object(Bucket=SOURCES, Key=self.key)
        self.source = self._uploaded(case.source) if case.source else None
        self.entry = self.ledger.read(self.key)

    @property
    def listed(self) -> Listed | None:
        source = self.source
        if source is None:
            return None
        return Listed(self.key, source.etag, source.last_modified, source.size_bytes)

    def _uploaded(self, upload: Uploaded) -> Source:
        self.clock.at = upload.at
        self.buckets.put_object(
            Bucket=SOURCES, Key=self.key, Body=upload.body, Metadata=dict(upload.metadata)
        )
        self.clock.at = NOW
        source = self.objects.head(self.key)
        assert source
        return source

    def _write_entry(self, source: Source) -> None:
        case = self.case
        fields: dict[str, Any] = {"key": self.key, "schema": SCHEMA_VERSION}
        if case.status:
            fields |= {"status": case.status, "updated_at": PROCESSED, "variants": []}
            fields["status_shard"] = status_shard(case.status, self.key)
        if case.status in (PUBLISHED, REJECTED):
            fields |= self._facts(source)
        if case.status == PUBLISHED:
            fields["variants"] = list(case.stored)
            fields["equal"] = by_stored_name(case.equal)
            fields["is_all_eager"] = case.is_all_eager
            fields["facts_of"] = facts_of(fields)
        if case.is_unfinished:
            fields["may_store"] = frozenset(PUBLIC_NAMES)
        if case.status or case.is_unfinished:
            self.tables.put_item(TableName=TABLE, Item=to_item(fields))

    def _facts(self, source: Source) -> Mapping[str, Any]:
        recipe = recipe_for(source, RECIPE_SETS[self.case.made_by])
        facts: dict[str, Any] = {
            "etag": source.etag,
            "identity": source.identity,
            "last_modified": source.last_modified,
            "engine": self.case.engine,
        }
        if self.case.status == REJECTED:
            facts |= {"cause": "corrupt", "stage": "load", "detail": "Expected pixels."}
        if recipe:
            fingerprint = current_fingerprints(self.objects)(recipe)
            facts |= {"recipe": recipe.name, "fingerprint": fingerprint}
        return facts


def _worker_outcome(site: _Site) -> StateKind | None:
    """Return the kind of a source that the worker leaves alone; None if it does something."""
    process = cast("Any", _Process(site.clock))
    context = WorkerContext(
        settings=replace(worker_settings(), on_demand=site.case.on_demand),
        policy=POLICY,
        clock=site.clock,
        deadline=Deadline.passed(site.clock),
        objects=site.objects,
        ledger=site.ledger,
        queues=FakeQueues(cast("Any", None)),
        recipes=site.recipe_set,
        watermarks=Watermarks(),
        render_pool=FakeRenderPool(process),
        uploads=InlineExecutor(),
        upload_pace=UploadPace(site.clock, site.clock.sleep),
        prefetch_slots=BoundedSemaphore(3),
    )
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": SOURCES}, "object": {"key": site.key}},
    }
    message = Message("id", "handle", json.dumps({"Records": [record]}), 1, "live", None)
    consumer = Consumer(context, pool=lambda _: InlineExecutor())
    (result,) = consumer.consume((message,), Deadline.after(120, site.clock))
    return _UNCHANGED.get(result.outcome) if isinstance(result.outcome, Outcome) else None


_UNCHANGED = {
    Outcome.CURRENT: StateKind.CURRENT,
    Outcome.REJECTED: StateKind.REJECTED,
    Outcome.IGNORED: StateKind.IGNORED,
    Outcome.ABSENT: StateKind.ABSENT,
}


@dataclass
class _Process:
    clock: FakeClock

    def sleep(self, seconds: float) -> None:
        self.clock.at += seconds


class _OneByOne(LedgerReader):
    """Reads single items: the fake has no BatchGetItem."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, keys: Sequence[str], *, consistent: bool = True) -> Mapping[str, Read]:
        items = {
            key: self._tables.get_item(TableName=TABLE, Key={"key": {"S": key}}) for key in keys
        }
        return {key: read_entry(item.get("Item", {})) for key, item in items.items()}


def _check(site: _Site, entry: Entry) -> CheckResult:
    names = entry.stored
    if entry.status == PUBLISHED and not entry.is_unfinished:
        names |= {MANIFEST_NAME}
    checker = Checker(site.recipes, site.objects.head, site.objects.stored_version, since=inf)
    return checker.check(ListedKey(site.key, site.listed, names), entry)


def _sent(site: _Site, listed: Listed, only: Only | None) -> list[bool]:
    """Return for each source that a backfill sends whether it takes it for current."""
    unused = cast("Any", None)
    assessor = Assessor(site.recipes, site.objects)
    enqueue = Enqueue(unused, assessor, _OneByOne(site.tables), unused, "bulk", SOURCES, only)
    return [each.is_current for each in enqueue.choose(Page([listed], "")).wanted]


def _redrive_status(site: _Site, recorded_at: float) -> str:
    reader = RedriveStatusReader(
        site.objects,
        site.ledger,
        site.recipe_set,
        Watermarks(),
        on_demand=site.case.on_demand,
    )
    message = RedrivenMessage("id", "digest", "corrupt", (site.key,))
    part = Part(datetime.fromtimestamp(recorded_at, UTC), [message])
    found = FoundDeadLetters({}, {})
    with ThreadPoolExecutor(1) as threads:
        status = reader.read([part], found, lanes_are_empty=False, threads=threads)
    return "dead" if status.dead else "fixed" if status.fixed else "waiting"


LAZY_CASE = Case(Uploaded(), Uploaded(), PUBLISHED, recipes=4, made_by=4, on_demand=True)


@settings(deadline=None, max_examples=300, phases=PHASES)
@example(LAZY_CASE)
@example(replace(LAZY_CASE, on_demand=False))
@example(replace(LAZY_CASE, is_all_eager=True))
@example(replace(LAZY_CASE, stored=("small.avif",)))
@example(replace(LAZY_CASE, stored=("small.avif",), equal={"small.webp": "small.avif"}))
@given(cases())
def test_everybody_agrees_with_the_worker(case: Case) -> None:
    site = _Site(case)
    entry, source, listed = site.entry, site.source, site.listed
    state = assess(site.key, entry, source, site.recipes)
    event(f"{state.kind}: {state.reason}")

    result = _check(site, entry)
    why = explain(_history(site, result), site.recipe_set, NOW)
    status, later = _redrive_status(site, REDRIVEN), _redrive_status(site, PROCESSED - 60)
    sent = {only: _sent(site, listed, only) for only in (None, *Only)} if listed else {}
    unlisted = Checker(
        site.recipes, site.objects.head, site.objects.stored_version, since=inf
    ).check_entry(site.key, entry)
    unchanged = _worker_outcome(site)

    assert (None if state.kind.needs_work else state.kind) is unchanged

    if unchanged:
        ignored = unchanged in (StateKind.ABSENT, StateKind.IGNORED)
        assert result == CheckResult(site.key, Kind.IGNORED if ignored else Kind(unchanged.value))
        assert not any(command.startswith("pixfleet verify") for command in why.next)
    else:
        assert (result.kind, result.action) == (Kind(state.kind.value), RepairAction.ENQUEUE)
        assert not why.is_well
        assert any(command.startswith("pixfleet verify") for command in why.next)
    assert ("It is published" in why.sentence) == (unchanged is StateKind.CURRENT)
    assert ("It was rejected at" in why.sentence) == (unchanged is StateKind.REJECTED)

    is_fixed = unchanged and unchanged is not StateKind.REJECTED
    assert status == ("fixed" if is_fixed else "waiting")
    assert unchanged is not StateKind.REJECTED or later == "dead"

    if source is None:
        assert bool(unlisted) == (unchanged is None)
    if listed and site.recipe_set.matching(site.key):
        assert sent.pop(None) == [unchanged is StateKind.CURRENT]
        assert [only.value for only in Only if sent[only]] == [
            kind for kind in (state.kind.value,) if kind != StateKind.CURRENT
        ]


@settings(deadline=None, max_examples=200, phases=PHASES)
@given(cases(), st.booleans(), st.booleans())
def test_a_listing_leads_to_the_kind_that_head_does(
    case: Case,
    has_etag: bool,  # noqa: FBT001 - drawn
    has_time: bool,  # noqa: FBT001 - drawn
) -> None:
    site = _Site(case)
    if site.listed is None:
        return
    listed = replace(
        site.listed,
        etag=site.listed.etag if has_etag else "",
        last_modified=site.listed.last_modified if has_time else "",
    )

    state = assess(site.key, site.entry, listed, site.recipes)
    assessed = Assessor(site.recipes, site.objects).state(listed, site.entry)

    by_head = assess(site.key, site.entry, site.source, site.recipes)
    assert state.kind in (by_head.kind, StateKind.NEEDS_HEAD)
    assert assessed.kind is by_head.kind


def _history(site: _Site, result: CheckResult) -> KeyHistory:
    versions: tuple[SourceVersion, ...] = ()
    if site.source:
        modified = datetime.fromisoformat(site.source.last_modified)
        versions = (SourceVersion("1", modified, is_latest=True, etag=site.source.etag),)
    return KeyHistory(site.key, versions, site.entry, None, (), result)
