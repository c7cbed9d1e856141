"""Records when each render child had an image, and when its parent did not read its output."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool


@dataclass(frozen=True, slots=True)
class Span:
    """One image in one child, from its job to its last file, by the parent's clock.

    `held_up_seconds` is the time in which the parent did not read the child's output.
    """

    child: int
    began: float
    ended: float
    cpu_seconds: float
    held_up_seconds: float


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch through the worker; all times are in seconds.

    `calls` counts AWS operations by name, `item_bytes` is the largest ledger item, `stored_bytes`
    the sum of variants and manifests.
    """

    children: int
    began: float
    seconds: float
    spans: tuple[Span, ...]
    parent_seconds: float
    others_cores: float
    log_bytes: int
    calls: Mapping[str, int]
    item_bytes: int
    stored_bytes: int

    def figures(self) -> dict[str, float]:
        """Return the busy shares, and the parts of the children's idle time."""
        available, images = self.children * self.seconds, len(self.spans)
        cpu = sum(span.cpu_seconds for span in self.spans)
        had_work = sum(span.ended - span.began for span in self.spans)
        before, after = self._before(), self._after()
        between = available - before - had_work - after
        held_up = sum(span.held_up_seconds for span in self.spans)
        idle = before + between + after + held_up
        return {
            "busy": cpu / (cpu + idle),
            "busy_one_core": cpu / (cpu + idle + self.parent_seconds),
            "busy_strict": cpu / available,
            "seconds": self.seconds,
            "child_cpu_seconds_per_image": cpu / images,
            "parent_cpu_seconds_per_image": self.parent_seconds / images,
            "idle_before_first": before / (cpu + idle),
            "idle_between": between / (cpu + idle),
            "idle_after_last": after / (cpu + idle),
            "idle_held_up": held_up / (cpu + idle),
            "others_cores": self.others_cores,
            "log_bytes_per_image": self.log_bytes / images,
        }

    def _before(self) -> float:
        """Return how long children waited for their first image; all seconds if there was none."""
        firsts = self._of_each_child(min, (span.began for span in self.spans))
        waited = sum(first - self.began for first in firsts)
        return waited + (self.children - len(firsts)) * self.seconds

    def _after(self) -> float:
        lasts = self._of_each_child(max, (span.ended for span in self.spans))
        return sum(self.began + self.seconds - last for last in lasts)

    def _of_each_child(
        self, pick: Callable[[list[float]], float], times: Iterable[float]
    ) -> list[float]:
        by_child: dict[int, list[float]] = {}
        for span, at in zip(self.spans, times, strict=True):
            by_child.setdefault(span.child, []).append(at)
        return [pick(each) for each in by_child.values()]


class WatchedRenderPool(RenderPool):
    """Lends the children of another pool and records their work."""

    def __init__(self, render_pool: RenderPool) -> None:
        self._render_pool, self.size = render_pool, render_pool.size
        self.spans: list[Span] = []

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[RenderChild]:
        """Lend a child whose work is recorded."""
        with self._render_pool.child(wait_seconds=wait_seconds) as child:
            yield _WatchedChild(child, self.spans)

    def close(self) -> None:
        """Stop the other pool's children."""
        self._render_pool.close()


class _WatchedChild(RenderChild):
    def __init__(self, child: RenderChild, spans: list[Span]) -> None:
        self._child, self._spans = child, spans

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        began, held_up = time.perf_counter(), 0.0
        replies = self._child.render(
            source, job, time_limit_seconds=time_limit_seconds, watermark=watermark
        )
        for reply in replies:
            now = time.perf_counter()
            if isinstance(reply, DoneFrame):
                span = Span(self._child.pid, began, now, reply.cpu_seconds, held_up)
                self._spans.append(span)
            yield reply
            held_up += time.perf_counter() - now
