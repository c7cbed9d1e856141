"""A render child waits for nobody: fetches run ahead of it and uploads behind it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore, Event, Lock
from typing import Any

import pytest

from shared.cloud.objects import Objects
from shared.cloud.persist import UNPACED, Pace
from shared.deadline import Deadline
from shared.imaging.child_handle import RenderChild
from shared.imaging.render_pool import RenderPool
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.outcome import Outcome
from shared.model.recipe import Slot
from shared.model.source import Source
from tests.functional.conftest import SOURCES, VARIANTS, World
from tests.support.fakes import unbounded_calls
from tests.support.images import jpeg
from worker import held_files
from worker.batch import Consumer
from worker.context import FETCHED_AHEAD

pytestmark = pytest.mark.functional

# Only a worker that does one thing after the other waits so long, and then it fails.
PATIENCE_SECONDS = 20.0


class WatchedObjects(Objects):
    """The buckets; tells a test of each fetch and each upload before it happens."""

    on_fetch: Callable[[], object] = staticmethod(lambda: None)
    on_put: Callable[[], object] = staticmethod(lambda: None)

    def fetch(self, source: Source, until: Deadline) -> bytes:
        self.on_fetch()
        return super().fetch(source, until)

    def put_variant(
        self,
        source: Source,
        fingerprint: str,
        name: tuple[str, Slot],
        codec: Codec,
        data: bytes,
        *,
        pace: Pace = UNPACED,
    ) -> None:
        self.on_put()
        super().put_variant(source, fingerprint, name, codec, data, pace=pace)


class WatchedRenderPool(RenderPool):
    """The children of another pool; tells a test of each image that gets one and is done."""

    on_begin: Callable[[], object] = staticmethod(lambda: None)
    on_end: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self, render_pool: RenderPool) -> None:
        self._render_pool, self.size = render_pool, render_pool.size

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[RenderChild]:
        with self._render_pool.child(wait_seconds=wait_seconds) as child:
            self.on_begin()
            yield child
            self.on_end()


@dataclass
class Line:
    """A worker with a single render child, and its buckets and child under watch."""

    world: World
    objects: WatchedObjects
    render_pool: WatchedRenderPool

    def consume(self, *keys: str) -> list[object]:
        """Drop sources and return what became of their messages, in one batch."""
        for key in keys:
            self.world.drop(key, jpeg())
            self.world.send(self.world.event(key))
        return [result.outcome for result in self.world.consume()]


@pytest.fixture(name="single_child", scope="module")
def _single_child() -> Iterator[RenderPool]:
    render_pool = RenderPool(1, Limits())
    yield render_pool
    render_pool.close()


@pytest.fixture(name="line")
def _line(world: World, single_child: RenderPool) -> Line:
    s3 = world.clients.s3
    calls = unbounded_calls(world.context.clock).within(Deadline.passed(world.context.clock))
    objects = WatchedObjects(s3, calls, sources_bucket=SOURCES, variants_bucket=VARIANTS)
    render_pool = WatchedRenderPool(single_child)
    world.context = replace(
        world.context,
        objects=objects,
        render_pool=render_pool,
        prefetch_slots=BoundedSemaphore(1 + FETCHED_AHEAD),
    )
    world.consumer = Consumer(world.context)
    return Line(world, objects, render_pool)


@dataclass
class Count:
    """Counts, and sets an event when it gets to `goal`."""

    goal: int
    reached: Event = field(default_factory=Event)
    value: int = 0
    lock: Any = field(default_factory=Lock)

    def add(self) -> None:
        with self.lock:
            self.value += 1
        if self.value >= self.goal:
            self.reached.set()


def test_the_child_has_the_second_image_while_the_firsts_uploads_are_pending(line: Line) -> None:
    images, waits = Count(2), []
    line.render_pool.on_begin = images.add
    line.objects.on_put = lambda: waits.append(images.reached.wait(PATIENCE_SECONDS))

    outcomes = line.consume("a.jpg", "b.jpg")

    assert outcomes == [Outcome.MADE] * 2
    assert waits == [True] * 6


def test_the_child_gets_no_second_image_while_the_firsts_files_fill_the_memory(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_files, "MAX_HELD_BYTES", 0)
    jobs, waits, real = Count(2), [], RenderChild.render

    def render(self: RenderChild, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed through
        jobs.add()
        return real(self, *arguments, **options)

    monkeypatch.setattr(RenderChild, "render", render)
    line.objects.on_put = lambda: waits.append(jobs.reached.wait(0.3))

    outcomes = line.consume("a.jpg", "b.jpg")

    assert outcomes == [Outcome.MADE] * 2
    assert waits == [False] * 3 + [True] * 3


def test_an_upload_does_not_hold_up_the_rest_of_its_image(line: Line) -> None:
    rendered, waits = Count(1), []
    line.render_pool.on_end = rendered.add
    line.objects.on_put = lambda: waits.append(rendered.reached.wait(PATIENCE_SECONDS))

    outcomes = line.consume("a.jpg")

    assert outcomes == [Outcome.MADE]
    assert waits == [True] * 3


def test_the_next_sources_are_fetched_while_the_first_renders(line: Line) -> None:
    fetches, waits = Count(1 + FETCHED_AHEAD), []
    line.objects.on_fetch = fetches.add
    line.render_pool.on_begin = lambda: waits.append(fetches.reached.wait(PATIENCE_SECONDS))

    outcomes = line.consume("a.jpg", "b.jpg", "c.jpg")

    assert outcomes == [Outcome.MADE] * 3
    assert waits == [True] * 3


def test_no_more_sources_are_fetched_than_there_are_prefetch_slots(line: Line) -> None:
    fetched, done, in_hand = Count(9), Count(9), []

    def note() -> None:
        fetched.add()
        in_hand.append(fetched.value - done.value)

    line.objects.on_fetch, line.render_pool.on_end = note, done.add

    outcomes = line.consume(*(f"{number}.jpg" for number in range(9)))

    assert outcomes == [Outcome.MADE] * 9
    assert max(in_hand) <= 1 + FETCHED_AHEAD
