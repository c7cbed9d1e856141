"""Runs the engine as the worker does: one render child per core, fed by threads."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Failure
from shared.model.limits import Limits
from shared.model.recipe import Recipe
from tests.bench.pictures import Picture
from tests.bench.problem import CannotBench
from tests.bench.rounds import File, OtherProcesses, Round

TIMEOUT_SECONDS = 600.0
KIBIBYTE = 1024


class Engine:
    """The render children of a benchmark."""

    def __init__(self, cores: int) -> None:
        self.limits = Limits()
        self._render_pool = RenderPool(cores, self.limits)
        self._threads = ThreadPoolExecutor(cores)
        self.peak_bytes = 0

    def round(self, pictures: Sequence[Picture], recipe: Recipe) -> Round:
        """Render all pictures, as many at a time as there are children."""
        sources = [picture.data for picture in pictures]
        other_processes, parent, wall = OtherProcesses(), time.process_time(), time.perf_counter()
        done = list(self._threads.map(lambda source: self._render(source, recipe), sources))
        seconds = time.perf_counter() - wall
        cpu = time.process_time() - parent + sum(end.cpu_seconds for end, _ in done)
        files = tuple(files for _, files in done)
        return Round(seconds, cpu, files, other_processes.cores(cpu))

    def refusals(self, pictures: Sequence[Picture], recipe: Recipe) -> dict[str, str]:
        """Return the reasons why pictures cannot be rendered, by picture."""
        found = {}
        for picture in pictures:
            try:
                self._render(picture.data, recipe)
            except Failure as failure:
                found[picture.name] = f"{failure.cause}: {failure.detail}"
        return found

    def close(self) -> None:
        """Stop the children."""
        self._threads.shutdown()
        self._render_pool.close()

    def _render(self, source: bytes, recipe: Recipe) -> tuple[DoneFrame, tuple[File, ...]]:
        with self._render_pool.child(wait_seconds=TIMEOUT_SECONDS) as child:
            made = conversation(child, source, recipe, self.limits)
            self.peak_bytes = max(self.peak_bytes, high_water_bytes(child, made[0]))
            return made


def conversation(
    child: RenderChild, source: bytes, recipe: Recipe, limits: Limits
) -> tuple[DoneFrame, tuple[File, ...]]:
    """Render one source; return its last frame and its files."""
    files: list[File] = []
    replies = child.render(source, Job(recipe, limits), time_limit_seconds=TIMEOUT_SECONDS)
    for reply in replies:
        if isinstance(reply, DoneFrame):
            return reply, tuple(files)
        frame, payload = reply
        assert isinstance(frame, VariantFrame)
        files.append(File(frame.width, frame.height, payload))
    raise CannotBench("Expected DoneFrame from a render child, got nothing.")


def throughput(
    engine: Engine, pictures: Sequence[Picture], recipe: Recipe, rounds: int
) -> dict[str, float]:
    """Return the median images/s and CPU seconds per image over some rounds."""
    made = [engine.round(pictures, recipe) for _ in range(rounds)]
    return {
        "images_per_s": len(pictures) / median(each.seconds for each in made),
        "cpu_seconds_per_image": median(each.cpu_seconds for each in made) / len(pictures),
        "files_per_image": sum(map(len, made[0].files)) / len(pictures),
        "others_cores": median(each.others_cores for each in made),
    }


def peak_bytes_of(picture: Picture, recipe: Recipe) -> int:
    """Return the peak memory of a fresh child that renders one picture."""
    limits = Limits()
    child = RenderChild(limits.memory_bytes)
    try:
        return high_water_bytes(child, conversation(child, picture.data, recipe, limits)[0])
    finally:
        child.stop()


def high_water_bytes(child: RenderChild, end: DoneFrame) -> int:
    """Return the peak resident memory of a running child.

    On Linux `ru_maxrss` includes the parent's peak before exec, and this parent has painted 24
    megapixels; `VmHWM` is reset by exec. On other systems the frame's figure is used.
    """
    status = Path(f"/proc/{child.pid}/status")
    if not status.exists():
        return end.peak_bytes
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * KIBIBYTE
