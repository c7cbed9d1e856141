"""`make bench-quality`: measures bytes, CPU and score of each encoder's quality and effort.

Scans the pictures at several widths, then writes `quality.json`, `quality.md` and plots.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from shared.imaging.child_process import CHILD_ENVIRONMENT
from shared.model.codec import Codec
from tests.bench.curves import curves
from tests.bench.pictures import Picture, photographs
from tests.bench.problem import CannotBench
from tests.bench.quality_report import markdown
from tests.bench.scan import Grid, Point, ScanJob

BUILD = Path("build")
MINUTES = 15.0
EXIT_PROBLEM = 2
SECONDS_A_MINUTE = 60
ANY, NARROW, NARROWEST = 100_000, 640, 320
WIDTHS = (320, 640, 1280, 1920)
KNOB_WIDTHS = (640,)
GRIDS = {
    Codec.AVIF: Grid(
        (46, 54, 62, 70),
        {0: ANY, 1: ANY, 2: ANY, 3: ANY, 4: NARROW, 5: NARROWEST, 6: NARROWEST},
    ),
    Codec.WEBP: Grid((68, 76, 84, 90), dict.fromkeys(range(7), ANY)),
    Codec.JPEG: Grid((64, 72, 80, 88), dict.fromkeys(range(4), ANY)),
}
QUICK_WIDTHS = (160,)
QUICK_GRIDS = {
    Codec.AVIF: Grid((40, 70), {0: ANY, 1: ANY}),
    Codec.WEBP: Grid((60, 90), {0: ANY, 2: ANY}),
    Codec.JPEG: Grid((60, 90), {0: ANY, 1: ANY}),
}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is scanned; `pictures` is the number of pictures, None for all."""

    widths: tuple[int, ...]
    grids: Mapping[Codec, Grid]
    pictures: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Scan, write the results, print the tables; exit code 2 if that fails."""
    parser = argparse.ArgumentParser(prog="tests.bench.quality", description=__doc__)
    parser.add_argument("--images", default="", help="a folder of images")
    parser.add_argument("--build", type=Path, default=BUILD, help="where results go")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="leaves out what is not done by then"
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[], help="instead of four rungs")
    parser.add_argument("--knobs", action="store_true", help="scan other encoder options instead")
    parser.add_argument("--quick", action="store_true", help="a tiny scan that shows it works")
    chosen = parser.parse_args(arguments)
    try:
        pictures = photographs(chosen.images, chosen.build / "bench")
        points = run(pictures, _extent(chosen), minutes=chosen.minutes, knobs=chosen.knobs)
    except CannotBench as problem:
        print(problem, file=sys.stderr)
        return EXIT_PROBLEM
    name = "quality-knobs" if chosen.knobs else "quality"
    written = write(points, [picture.name for picture in pictures], chosen.build, name)
    print((chosen.build / f"{name}.md").read_text())
    print("Written: " + ", ".join(str(path) for path in written))
    return 0


def run(
    pictures: Sequence[Picture], extent: Extent, *, minutes: float, knobs: bool
) -> tuple[Point, ...]:
    """Return all points; the pictures are divided among one process per core."""
    cores = os.cpu_count() or 1
    chosen = pictures[: extent.pictures]
    deadline = time.time() + minutes * SECONDS_A_MINUTE
    print(f"Scanning {len(chosen)} pictures, {minutes:g} minutes at most …", file=sys.stderr)
    jobs = [
        ScanJob(
            {one.name: str(one.path) for one in share},
            extent.widths,
            extent.grids,
            knobs,
            deadline,
        )
        for share in (chosen[at::cores] for at in range(cores))
        if share
    ]
    with ThreadPoolExecutor(len(jobs)) as threads:
        points = tuple(point for found in threads.map(_in_a_process, jobs) for point in found)
    if not points:
        raise CannotBench(
            f"Expected a picture to be scanned in {minutes:g} minutes, got none: "
            "allow more by --minutes, or take smaller pictures."
        )
    return points


def write(
    points: Sequence[Point], pictures: Sequence[str], build: Path, name: str
) -> tuple[Path, ...]:
    """Write JSON, tables and plots, and return their paths."""
    found = curves(points)
    scanned = {point.picture for point in points}
    report = {
        "pictures": sorted(scanned),
        "left_out": sorted(set(pictures) - scanned),
        "points": [msgspec.to_builtins(point) for point in points],
    }
    data, text = build / f"{name}.json", build / f"{name}.md"
    data.write_text(json.dumps(report, indent=1) + "\n")
    text.write_text(markdown(found, report))
    from tests.bench.plots import plot  # noqa: PLC0415 - slow to import

    return data, text, *plot(found, build, name)


def _extent(chosen: argparse.Namespace) -> Extent:
    if chosen.quick:
        return Extent(QUICK_WIDTHS, QUICK_GRIDS, 1)
    return Extent(tuple(chosen.widths) or (KNOB_WIDTHS if chosen.knobs else WIDTHS), GRIDS)


def _in_a_process(job: ScanJob) -> list[Point]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scan"],
        input=msgspec.json.encode(job),
        stdout=subprocess.PIPE,
        env=_environment(),
        check=False,
    )
    if done.returncode:
        raise CannotBench("Expected a scan, got none: see the message above.")
    return msgspec.json.decode(done.stdout, type=list[Point])


def _environment() -> Mapping[str, str]:
    return {**os.environ, **CHILD_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}


if __name__ == "__main__":
    sys.exit(main())
