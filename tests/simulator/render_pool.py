"""Render children without libvips: the source's bytes name the outcome (`pictures.py`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Corrupt, DecoderCrash, DecodeTimeout, OnlyAtUpload, TooCostly
from shared.model.lazy_file import LazyFile
from shared.model.limits import MEBIBYTE
from tests.simulator.pictures import (
    BOUNDLESS,
    CORRUPT,
    CRASHING,
    GIANT,
    HANGING,
    LONG,
    File,
    Shape,
    facts_of,
    files_of,
    rendered,
    shape_of,
)
from tests.simulator.scheduler import Process

RENDER_SECONDS = 0.4
# What the children of the larger lane may take, those of the others may not, and no child may.
GIANT_BYTES, LARGE_BYTES = 5_000 * MEBIBYTE, 7_000 * MEBIBYTE
LONG_SECONDS = 100.0
# Of each file, in pixels.
SIZE = (64, 48)


class FakeChild:
    """A render child of one process."""

    def __init__(self, process: Process, render_seconds: float = RENDER_SECONDS) -> None:
        self._process = process
        self._seconds = render_seconds
        self.renders = 0

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        """Render a source, or fail as its bytes say."""
        kind, shape = source.partition(b" ")[0], shape_of(source)
        if shape is Shape.MOVING and job.only:
            raise OnlyAtUpload("Expected a still picture.", stage="admit")
        _refuse_costly(kind, job)
        seconds = {HANGING: inf, LONG: LONG_SECONDS}.get(kind, self._seconds)
        self._process.sleep(min(seconds, time_limit_seconds))
        if seconds > time_limit_seconds:
            if kind == LONG:  # it sends its first file before the limit
                yield _frame(_wanted(source, job)[0])
            raise DecodeTimeout("Expected an end in time.", stage="render")
        self.renders += 1
        if kind == CORRUPT:
            raise Corrupt("Expected whole pixels.", stage="load")
        files = _wanted(source, job)
        for file in files:
            if not file.is_lazy or job.only:
                yield _frame(file)
            if kind == CRASHING:
                raise DecoderCrash("The render child exited with code -11.", stage="render")
        has_lazy = bool(job.recipe.lazy_names()) and not job.only
        yield DoneFrame(
            facts_of(source),
            None,
            self._seconds,
            self._seconds,
            1,
            lazy=() if job.only else _lazy(files),
            is_all_eager=has_lazy and shape in (Shape.SLOW, Shape.MOVING),
        )


class FakeRenderPool(RenderPool):
    """One render child, always free."""

    def __init__(self, process: Process) -> None:
        self._child = FakeChild(process)
        self.size = 1

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[FakeChild]:  # type: ignore[override] # a fake
        """Lend the child."""
        yield self._child

    def close(self) -> None:
        """Do nothing: there is no process to stop."""


def _refuse_costly(kind: bytes, job: Job) -> None:
    needed_bytes = {GIANT: GIANT_BYTES, BOUNDLESS: LARGE_BYTES + 1}.get(kind, 0)
    if needed_bytes > job.limits.memory_bytes:
        raise TooCostly("Expected less memory.", stage="admit")


def _frame(file: File) -> tuple[VariantFrame, bytes]:
    return VariantFrame(file.variants, file.slot, file.codec, *SIZE), file.data


def _wanted(source: bytes, job: Job) -> tuple[File, ...]:
    if job.only is None:
        return files_of(source, job.recipe)
    variant, slot = job.only
    return (rendered(source, job.recipe)[f"{variant}.{slot}"],)


def _lazy(files: tuple[File, ...]) -> tuple[LazyFile, ...]:
    return tuple(
        LazyFile(file.variants, file.slot, file.codec, *SIZE, copy_of=file.copy_of)
        for file in files
        if file.is_lazy
    )
