"""`make soak`: images through a local AWS and two runners, one killed again and again.

Ends with 0 only if nothing was lost, nothing is stale and memory did not grow.
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
from tests.soak.soak import RECIPES, Pace, Say, Soak
from tests.soak.table import print_report

MINUTES, MOST_MINUTES = 4.0, 120.0
IMAGES, MOST_IMAGES = 3000, 1_000_000
WAVE_SECONDS = 10.0
KILL_EVERY_SECONDS = 6.0
# What the last kill hid comes back after a minute and a half, and whoever finds it claimed waits
# once more; the rest is for slow machines.
MOST_QUIET_SECONDS = 270.0
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print the table, write the report; 2 if it cannot begin, 130 after Ctrl-C."""
    replace_unencodable_output()
    chosen = _parser().parse_args(arguments)
    folder = BUILD / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    pace = Pace(chosen.minutes * 60, WAVE_SECONDS, KILL_EVERY_SECONDS, MOST_QUIET_SECONDS)
    console, stderr = Console(), Console(stderr=True, highlight=False, markup=False)
    try:
        with running_ministack(free_port()) as endpoint_url, _progress(console) as say:
            report = soak(endpoint_url, folder, pace=pace, images=chosen.images, say=say)
    except LocalAwsProblem as problem:
        stderr.print(problem)
        return problem.exit_code
    except RunnerDied as problem:
        stderr.print(problem)
        return 1
    except KeyboardInterrupt:
        stderr.print("Interrupted: everything that the soak had started was stopped.")
        return INTERRUPTED
    print_report(report, console)
    return report.exit_code


def soak(endpoint_url: str, folder: Path, *, pace: Pace, images: int, say: Say) -> Report:
    """Soak a stack of its own and write `report.json` into the folder."""
    waves = plan(images, pace.waves)
    fleet = Fleet(create_stack(endpoint_url, RECIPES, prefix="soak"))
    report = Soak(fleet, pace, folder, say).run(waves)
    document = {**asdict(report), "problems": report.problems}
    (folder / "report.json").write_text(json.dumps(document, indent=2) + "\n")
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.run", description=__doc__)
    parser.add_argument(
        "--minutes",
        type=lambda text: _number(text, MOST_MINUTES),
        default=MINUTES,
        help=f"how long to drop and kill (default {MINUTES:g}); the rest takes up to 5 more",
    )
    parser.add_argument(
        "--images",
        type=lambda text: int(_number(text, MOST_IMAGES)),
        default=IMAGES,
        help=f"how many to drop in that time (default {IMAGES})",
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
def _progress(console: Console) -> Iterator[Say]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda what, share: progress.update(task, description=what, completed=share)


if __name__ == "__main__":
    sys.exit(main())
