"""Compares cold starts of worker, renderer and API with the import of boto3 and one client.

`python -m tests.bench.cold_start` unpacks the package for this machine, and the unpruned
distributions of its lock file. It starts a new interpreter for each measurement, alternately, and
measures CPU time, which other processes disturb least. `--count` counts instructions with valgrind
instead, which takes minutes and is reproducible.

Not measured: the start of Lambda itself, and that of the render children, which start while the
first sources are downloaded.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from zipfile import ZipFile

from scripts.package.build import LOCK, ROOT, build
from scripts.package.contents import distribution_files
from scripts.package.problem import CannotPackage
from scripts.package.target import TARGETS
from scripts.package.wheels import fetch

ROUNDS = 15
GOAL = 1.3
NOTHING = "pass"
BARE = "import boto3; boto3.client('s3')"
OURS = {
    "worker": (
        "import worker.batch; from shared.cloud.clients import build_clients;"
        "from worker.policy import CALL_LIMITS;"
        "build_clients(CALL_LIMITS, connections=26)"
    ),
    "renderer": (
        "import worker.renderer.handler; from shared.cloud.clients import build_serving_clients;"
        "from worker.renderer.policy import CALL_LIMITS;"
        "build_serving_clients(CALL_LIMITS, connections=2)"
    ),
    "api": (
        "import worker.api.handler; from worker.api.context import build_api_context;"
        "from worker.api.settings import ApiSettings;"
        "build_api_context(ApiSettings('f', 's', 'v', 'l', 't', 's3://v/r'))"
    ),
}
CLOCK = "import time; began = time.process_time(); {}; print(time.process_time() - began)"
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "PYTHONHASHSEED": "0",
}
COUNTER = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
COUNTED = "Collected :"
BILLION = 1e9

# Takes a folder with packages and a program; returns the program's cost.
Meter = Callable[[Path, str], float]


def seconds(root: Path, program: str) -> float:
    """Return the CPU seconds of a program in a new interpreter with the packages of a folder."""
    return float(_run(root, CLOCK.format(program)).stdout)


def instructions(root: Path, program: str) -> float:
    """Return a program's instructions in billions, without the start of the interpreter."""
    return _counted(root, program) - _counted(root, NOTHING)


def compare(stock: Path, root: Path, rounds: int, meter: Meter) -> Mapping[str, float]:
    """Return the ratio of each packaged function to boto3 and one client, unpruned."""
    turns = [
        (meter(stock, BARE), *(meter(root, program) for program in OURS.values()))
        for _ in range(rounds)
    ]
    bare, *ours = (median(column) for column in zip(*turns, strict=True))
    for name, cost in zip(OURS, ours, strict=True):
        print(f"  {name:8} boto3 + S3 {bare:.3f}, ours {cost:.3f}, {cost / bare:.2f} (≤ {GOAL})")
    return {name: cost / bare for name, cost in zip(OURS, ours, strict=True)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure without and with compiled files; 1 if the goal is missed, 2 if nothing was built."""
    parser = argparse.ArgumentParser(prog="tests.bench.cold_start")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--count", action="store_true", help="count instructions, with valgrind")
    chosen = parser.parse_args(arguments)
    meter, rounds = (instructions, 1) if chosen.count else (seconds, chosen.rounds)
    try:
        with tempfile.TemporaryDirectory() as folder:
            stock, root = _unpacked(Path(folder))
            print("as packed:")
            packed = compare(stock, root, rounds, meter)
            subprocess.run([sys.executable, "-m", "compileall", "-qq", folder], check=False)
            print("compiled:")
            compiled = compare(stock, root, rounds, meter)
    except CannotPackage as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    # No image waits for the API, so its cold start has no goal.
    costs = [cost for found in (packed, compiled) for name, cost in found.items() if name != "api"]
    return int(max(costs) > GOAL)


def _unpacked(folder: Path) -> tuple[Path, Path]:
    """Return a folder with the unpruned distributions, and one with the package."""
    package = build(TARGETS["here"], out=ROOT / "build")
    with ZipFile(ROOT / "build" / package.file) as archive:
        archive.extractall(folder / "ours")
    found = fetch(ROOT / LOCK, TARGETS["here"], ROOT / "build" / "wheels" / "here")
    for pin, path in found.items():
        for name, data in distribution_files(pin, path).items():
            made = folder / "stock" / name
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_bytes(data)
    return folder / "stock", folder / "ours"


def _run(root: Path, program: str, *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-B", "-S", "-c", program],
        env={"PATH": os.defpath, "PYTHONPATH": str(root), **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )


def _counted(root: Path, program: str) -> float:
    output = _run(root, program, *COUNTER).stderr.splitlines()
    (line,) = (each for each in output if COUNTED in each)
    return int(line.split()[-1]) / BILLION


if __name__ == "__main__":
    sys.exit(main())
