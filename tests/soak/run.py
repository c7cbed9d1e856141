"""`make soak`: images through a local AWS and two runners, one killed every few seconds.

The exit code is 0 only if nothing is lost, nothing is stale and memory did not grow.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.local.instance import BUILD, LocalAwsProblem
from scripts.local.ministack import running_ministack
from scripts.local.stack import create_stack
from scripts.pixfleet.terminal.text import replace_unencodable_output
from tests.e2e.fleet import Fleet
from tests.e2e.processes import free_port
from tests.soak.plan import plan
from tests.soak.report import Report
from tests.soak.runners import RunnerDied
from tests.soak.soak import RECIPES, OnProgress, Pace, Soak
from tests.soak.table import print_report

MINUTES, MAX_MINUTES = 4.0, 120.0
IMAGES, MAX_IMAGES = 3000, 1_000_000
WAVE_SECONDS = 10.0
KILL_EVERY_SECONDS = 6.0
# Messages of the last killed runner are visible again after 90 s, and a source that is still
# claimed then is delayed once more; the rest is for slow machines.
MAX_QUIET_SECONDS = 270.0
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak, print the table, write the report; 2 if it cannot start, 130 after Ctrl-C."""
    replace_unencodable_output()
    chosen = _parser().parse_args(arguments)
    folder = BUILD / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    pace = Pace(chosen.minutes * 60, WAVE_SECONDS, KILL_EVERY_SECONDS, MAX_QUIET_SECONDS)
    console, stderr = Console(), Console(stderr=True, highlight=False, markup=False)
    try:
        with running_ministack(free_port()) as endpoint_url, _progress(console) as progress:
            report = soak(endpoint_url, folder, pace=pace, images=chosen.images, progress=progress)
    except LocalAwsProblem as problem:
        stderr.print(problem)
        return problem.exit_code
    except RunnerDied as problem:
        stderr.print(problem)
        return 1
    except KeyboardInterrupt:
        stderr.print("Interrupted: all processes of the soak were stopped.")
        return INTERRUPTED
    print_report(report, console)
    return report.exit_code


def soak(
    endpoint_url: str, folder: Path, *, pace: Pace, images: int, progress: OnProgress
) -> Report:
    """Run a soak on a new stack and write `report.json` into the folder."""
    waves = plan(images, pace.waves)
    fleet = Fleet(create_stack(endpoint_url, RECIPES, prefix="soak"))
    report = Soak(fleet, pace, folder, progress).run(waves)
    document = {**asdict(report), "problems": report.problems}
    (folder / "report.json").write_text(json.dumps(document, indent=2) + "\n")
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.run", description=__doc__)
    parser.add_argument(
        "--minutes",
        type=lambda text: _number(text, MAX_MINUTES),
        default=MINUTES,
        help=f"minutes of uploading and killing (default {MINUTES:g}); checks take up to 5 more",
    )
    parser.add_argument(
        "--images",
        type=lambda text: int(_number(text, MAX_IMAGES)),
        default=IMAGES,
        help=f"images to upload in that time (default {IMAGES})",
    )
    return parser


def _number(text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= most:
        raise argparse.ArgumentTypeError(
            f"expected a number above 0 and up to {most:g}, got {text!r}"
        )
    return number


@contextmanager
def _progress(console: Console) -> Iterator[OnProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda what, share: progress.update(task, description=what, completed=share)


if __name__ == "__main__":
    sys.exit(main())
