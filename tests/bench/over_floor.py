"""Measures `render()` and its floor alternately, with a render child's environment."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import msgspec

from shared.imaging.child_process import CHILD_ENVIRONMENT
from shared.imaging.render import render
from shared.imaging.vips import harden
from shared.model.limits import Limits
from shared.model.recipe import Recipe
from tests.bench.floor import floor_of
from tests.bench.pictures import Picture
from tests.bench.problem import CannotBench

REPETITIONS = 3


class FloorJob(msgspec.Struct, frozen=True):
    """The input of one process."""

    paths: tuple[str, ...]
    recipe: Recipe
    repetitions: int


class Seconds(msgspec.Struct, frozen=True):
    """The median seconds of a render and of its floor's parts, by one clock."""

    render: float
    decode: float
    decode_streamed: float
    encode: float


class Measured(msgspec.Struct, frozen=True):
    """The figures of one picture; `decoder_options` has the scale of the decode."""

    cpu: Seconds
    wall: Seconds
    decoder_options: dict[str, int | float]
    encodes: int

    @property
    def ratio(self) -> float:
        """Return the CPU time of the render divided by that of the floor."""
        return self.cpu.render / (self.cpu.decode + self.cpu.encode)


def over_floor(pictures: Sequence[Picture], recipe: Recipe, cores: int) -> dict[str, object]:
    """Return the ratio of the sums over all pictures, and the ratio of each picture.

    The pictures are divided among one process per core, as in production. Each process measures
    renders and floors alternately, so that disturbances affect both.
    """
    shares = [share for share in (pictures[at::cores] for at in range(cores)) if share]
    with ThreadPoolExecutor(len(shares)) as threads:
        answers = list(threads.map(lambda share: _in_a_process(share, recipe), shares))
    names = {str(picture.path): picture.name for picture in pictures}
    measured = {names[path]: one for answer in answers for path, one in answer.items()}
    cpu, wall = ([getattr(one, clock) for one in measured.values()] for clock in ("cpu", "wall"))
    return {
        "ratio": _over(cpu, lambda one: one.decode),
        "ratio_wall": _over(wall, lambda one: one.decode),
        "ratio_streamed": _over(cpu, lambda one: one.decode_streamed),
        "cpu_seconds": {
            name: sum(getattr(one, name) for one in cpu) for name in Seconds.__struct_fields__
        },
        "images": {
            name: {"ratio": one.ratio, **msgspec.to_builtins(one)}
            for name, one in measured.items()
        },
    }


def measure(data: bytes, recipe: Recipe, repetitions: int) -> Measured:
    """Return the figures of one picture, measured in this process."""
    floor = floor_of(data, recipe)
    parts: dict[str, Callable[[], object]] = {
        "render": lambda: list(render(data, recipe, Limits())),
        "decode": floor.decode_to_memory,
        "encode": floor.encode,
        "decode_streamed": floor.decode_streamed,
    }
    cpu: dict[str, list[float]] = {name: [] for name in parts}
    wall: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(repetitions):
        for name, run in parts.items():
            started = time.process_time(), time.perf_counter()
            run()
            cpu[name].append(time.process_time() - started[0])
            wall[name].append(time.perf_counter() - started[1])
    scale = {
        name: value
        for name, value in floor.decode.options.items()
        if isinstance(value, int | float)
    }
    return Measured(_medians(cpu), _medians(wall), scale, len(floor.encodes))


def main() -> None:
    """Do one job from standard input, and write the result to standard output."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=FloorJob)
    harden()
    measured = {
        path: measure(Path(path).read_bytes(), job.recipe, job.repetitions) for path in job.paths
    }
    sys.stdout.buffer.write(msgspec.json.encode(measured))


def _in_a_process(pictures: Sequence[Picture], recipe: Recipe) -> Mapping[str, Measured]:
    job = FloorJob(tuple(str(one.path) for one in pictures), recipe, REPETITIONS)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.over_floor"],
        input=msgspec.json.encode(job),
        capture_output=True,
        env={**os.environ, **CHILD_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    if done.returncode:
        error = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise CannotBench(f"Expected the floor to be measured, got: {error}")
    return msgspec.json.decode(done.stdout, type=dict[str, Measured])


def _medians(seconds: Mapping[str, Sequence[float]]) -> Seconds:
    return Seconds(**{name: median(each) for name, each in seconds.items()})


def _over(seconds: Iterable[Seconds], decode: Callable[[Seconds], float]) -> float:
    taken = list(seconds)
    return sum(one.render for one in taken) / sum(decode(one) + one.encode for one in taken)


if __name__ == "__main__":
    main()
