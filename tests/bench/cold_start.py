"""What a cold start costs beside AWS's own: our imports and clients against boto3 and one client.

`python -m tests.bench.cold_start` unpacks the package of this machine and starts a new interpreter
for each measurement, in turns. Not measured: Lambda's own start, and the render children's, which
come up while the first sources are fetched.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from zipfile import ZipFile

from scripts.package.build import ROOT, build
from scripts.package.problem import CannotPackage
from scripts.package.target import TARGETS

ROUNDS = 9
GOAL = 1.3
BARE = "import boto3; boto3.client('s3')"
OURS = (
    "import worker.batch; from shared.cloud.clients import build_clients;"
    "build_clients(connections=26)"
)
CLOCK = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


def seconds(root: Path, program: str) -> float:
    """Return what a program takes in a new interpreter that has the package and nothing else."""
    ended = subprocess.run(
        [sys.executable, "-B", "-S", "-c", CLOCK.format(program)],
        env={"PATH": os.defpath, "PYTHONPATH": str(root), **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ended.stdout)


def compare(root: Path, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Return the medians of bare and ours, in seconds, and the median of each turn's ratio."""
    seconds(root, OURS)  # the disk's share is the same for both, once it has been read
    turns = [(seconds(root, BARE), seconds(root, OURS)) for _ in range(rounds)]
    bare, ours = (median(column) for column in zip(*turns, strict=True))
    return bare, ours, median(mine / theirs for theirs, mine in turns)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as it comes, and with compiled files; 1 if the goal is missed, 2 if it cannot be."""
    rounds = int((arguments or sys.argv[1:] or [str(ROUNDS)])[0])
    try:
        package = build(TARGETS["here"], out=ROOT / "build")
    except CannotPackage as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    with tempfile.TemporaryDirectory() as folder:
        with ZipFile(ROOT / "build" / package.file) as archive:
            archive.extractall(folder)
        ratios = [_row("as packed, without .pyc", *compare(Path(folder), rounds))]
        subprocess.run([sys.executable, "-m", "compileall", "-qq", folder], check=True)
        ratios.append(_row("with .pyc", *compare(Path(folder), rounds)))
    return int(max(ratios) > GOAL)


def _row(name: str, bare: float, ours: float, ratio: float) -> float:
    print(f"{name:24} boto3 + S3 {bare:.3f} s, ours {ours:.3f} s, ratio {ratio:.2f} (≤ {GOAL})")
    return ratio


if __name__ == "__main__":
    sys.exit(main())
