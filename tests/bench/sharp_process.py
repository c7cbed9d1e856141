"""Runs sharp, installed from npm into `build/sharp`, in a process of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench.problem import CannotBench
from tests.bench.rounds import File, OtherProcesses, Round
from tests.support.npm import NpmFailed, install_packages

SHIPPED = Path(__file__).parent / "sharp"
SCRIPT = "sharp_bench.mjs"
# "The maximum number of images that sharp can process in parallel": https://sharp.pixelplumbing.com/performance
DEFAULT_POOL = 4


Answer = dict[str, Any]  # JSON from the other process


@dataclass(frozen=True, slots=True)
class SharpMode:
    """How sharp works; `sharp_bench.mjs` describes the approaches."""

    approach: str = "separate"
    concurrency: int = 1
    images_at_once: int = 1
    variants_together: bool = True

    def __str__(self) -> str:
        """Return the mode as text, for the report."""
        order = "at once" if self.variants_together else "one by one"
        return (
            f"{self.approach}, concurrency {self.concurrency}, "
            f"{self.images_at_once} image(s) at a time, variants {order}"
        )


@dataclass(frozen=True, slots=True)
class SharpFile:
    """One file for sharp to make, with the options of its documentation."""

    width: int
    format: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SharpJob:
    """One source and the files to make of it, widest first."""

    path: Path
    wanted: tuple[SharpFile, ...]


class Sharp:
    """A running process of sharp; `close` ends it."""

    def __init__(self, folder: Path, cores: int) -> None:
        self._process = subprocess.Popen(
            ["node", SCRIPT],  # noqa: S607 - the user's Node.js
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "UV_THREADPOOL_SIZE": str(max(DEFAULT_POOL, cores))},
        )
        self.versions: dict[str, str] = self._answer()["versions"]

    def round(
        self, jobs: Sequence[SharpJob], mode: SharpMode, *, keep: Path | None = None
    ) -> Round:
        """Do all jobs; the result has the files if `keep` names a folder for them."""
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        other_processes = OtherProcesses()
        answer = self._request(
            {
                "images": [
                    {
                        "path": str(job.path.resolve()),
                        "wanted": [asdict(w) for w in job.wanted],
                    }
                    for job in jobs
                ],
                "approach": mode.approach,
                "concurrency": mode.concurrency,
                "imagesAtOnce": mode.images_at_once,
                "variantsTogether": mode.variants_together,
                "keep": str(keep.resolve()) if keep else None,
            }
        )
        others = other_processes.cores(answer["cpu_seconds"])
        files = tuple(tuple(map(_file, image)) for image in answer["files"])
        return Round(answer["seconds"], answer["cpu_seconds"], files, others)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _request(self, request: object) -> Answer:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Answer:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise CannotBench("Expected an answer from sharp, got none: see its message above.")
        answer: Answer = json.loads(line)
        return answer


def install(folder: Path) -> Path:
    """Install the locked version of sharp into a folder, unless it is there; return the folder."""
    try:
        install_packages(SHIPPED, folder)
    except NpmFailed as failed:
        raise CannotBench(str(failed)) from failed
    shutil.copy(SHIPPED / SCRIPT, folder)
    return folder


def time_modes(sharp: Sharp, jobs: Sequence[SharpJob], cores: int) -> dict[SharpMode, float]:
    """Return the seconds of each sensible mode, fastest first, after one round to warm up."""
    modes = [
        SharpMode("separate", 1, 1),
        SharpMode("separate", 1, cores),
        SharpMode("separate", 1, cores, variants_together=False),
        SharpMode("separate", cores, 1),
        SharpMode("separate", cores, cores, variants_together=False),
        SharpMode("clone", 1, cores),
    ]
    sharp.round(jobs, modes[0])
    timed = {mode: sharp.round(jobs, mode).seconds for mode in modes}
    return dict(sorted(timed.items(), key=lambda entry: entry[1]))


def other_concurrency(mode: SharpMode, cores: int) -> SharpMode:
    """Return the mode with one libvips thread instead of many, or the reverse."""
    return replace(mode, concurrency=cores if mode.concurrency == 1 else 1)


def _file(answer: Answer) -> File:
    return File(answer["width"], answer["height"], Path(answer["path"]).read_bytes())
