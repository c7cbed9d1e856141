"""The rival: sharp, installed from npm into `build/sharp`, in a process of its own."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.bench.problem import CannotBench
from tests.bench.rounds import File, Neighbours, Round

SHIPPED = Path(__file__).parent / "sharp"
SCRIPT = "sharp_bench.mjs"
LOCKED = ("package.json", "package-lock.json")
# "The maximum number of images that sharp can process in parallel": https://sharp.pixelplumbing.com/performance
DEFAULT_POOL = 4


Told = dict[str, Any]  # JSON from the other process


@dataclass(frozen=True, slots=True)
class Manner:
    """How sharp goes about its work; see `sharp_bench.mjs` for the approaches."""

    approach: str = "separate"
    concurrency: int = 1
    images_at_once: int = 1
    variants_together: bool = True

    def __str__(self) -> str:
        """Return it in words, for the report."""
        order = "at once" if self.variants_together else "one by one"
        return (
            f"{self.approach}, concurrency {self.concurrency}, "
            f"{self.images_at_once} image(s) at a time, variants {order}"
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that sharp is to make; options as its documentation names them."""

    width: int
    format: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Order:
    """One source and what is wanted of it, widest first."""

    path: Path
    wanted: tuple[Wanted, ...]


class Sharp:
    """A running sharp; `close` ends it."""

    def __init__(self, folder: Path, cores: int) -> None:
        self._process = subprocess.Popen(
            ["node", SCRIPT],  # noqa: S607 - whichever Node.js the user has
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "UV_THREADPOOL_SIZE": str(max(DEFAULT_POOL, cores))},
        )
        self.versions: dict[str, str] = self._answer()["versions"]

    def round(self, orders: Sequence[Order], manner: Manner, *, keep: Path | None = None) -> Round:
        """Make everything that is ordered; the files come back where `keep` says to store them."""
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        neighbours = Neighbours()
        answer = self._ask(
            {
                "images": [
                    {
                        "path": str(order.path.resolve()),
                        "wanted": [asdict(w) for w in order.wanted],
                    }
                    for order in orders
                ],
                "approach": manner.approach,
                "concurrency": manner.concurrency,
                "imagesAtOnce": manner.images_at_once,
                "variantsTogether": manner.variants_together,
                "keep": str(keep.resolve()) if keep else None,
            }
        )
        others = neighbours.cores(answer["cpu_seconds"])
        files = tuple(tuple(map(_file, image)) for image in answer["files"])
        return Round(answer["seconds"], answer["cpu_seconds"], files, others)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, request: object) -> Told:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Told:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise CannotBench("Expected an answer from sharp, got none: see its message above.")
        told: Told = json.loads(line)
        return told


def install(folder: Path) -> Path:
    """Put sharp into a folder, unless just this one is there already; return the folder."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise CannotBench(
                f"Expected {program} on the PATH, got none: install Node.js 20.9 or newer "
                "for the comparison with sharp."
            )
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SHIPPED / SCRIPT, folder)
    ready = folder / ".ready"
    wanted = sha256(b"".join((SHIPPED / name).read_bytes() for name in LOCKED)).hexdigest()
    if ready.exists() and ready.read_text() == wanted:
        return folder
    for name in LOCKED:
        shutil.copy(SHIPPED / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"],  # noqa: S607 - as above
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        code = re.search(r"npm error code (\S+)", done.stderr)
        raise CannotBench(
            f"Expected npm ci to install sharp into {folder}, got "
            f"{code[1] if code else f'exit code {done.returncode}'}: "
            "the first run needs the npm registry."
        )
    ready.write_text(wanted)
    return folder


def best_manner(sharp: Sharp, orders: Sequence[Order], cores: int) -> dict[Manner, float]:
    """Return the seconds of each sensible manner, fastest first, after one round to warm up."""
    manners = [
        Manner("separate", 1, 1),
        Manner("separate", 1, cores),
        Manner("separate", 1, cores, variants_together=False),
        Manner("separate", cores, 1),
        Manner("separate", cores, cores, variants_together=False),
        Manner("clone", 1, cores),
    ]
    sharp.round(orders, manners[0])
    timed = {manner: sharp.round(orders, manner).seconds for manner in manners}
    return dict(sorted(timed.items(), key=lambda entry: entry[1]))


def other_concurrency(manner: Manner, cores: int) -> Manner:
    """Return the same manner with one libvips thread instead of many, or the reverse."""
    return replace(manner, concurrency=cores if manner.concurrency == 1 else 1)


def _file(told: Told) -> File:
    return File(told["width"], told["height"], Path(told["path"]).read_bytes())
