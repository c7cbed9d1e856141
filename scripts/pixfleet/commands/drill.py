"""`pixfleet drill`: whether good and bad files land where the runbook says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import uuid4

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.drill.drill import Drill
from scripts.pixfleet.drill.site import Ground
from scripts.pixfleet.drill.step import Line
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.terminal.console import Console, table
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from shared.clock import SystemClock
from shared.cloud.deployed_recipes import deployed_recipes
from shared.deadline import Deadline
from shared.model.errors import Misconfigured

app = typer.Typer()

LOOK_AGAIN_SECONDS = 1.0
CLEANING_SECONDS = 120.0
MARKS = {True: "\u2713", False: "\u2717", None: "-"}


@command(app, "drill")
def drill(
    context: Context,
    *,
    prefix: Annotated[
        str, typer.Option("--prefix", help="Where the files are dropped, below which nothing is.")
    ] = "_drill/",
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Seconds to wait for all of it.")
    ] = 120.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be dropped.")
    ] = False,
) -> None:
    """Drop a good file and three bad ones, see where each lands, and clean up."""
    ground = _ground(context, prefix)
    exercise = Drill(ground, pause=lambda: time.sleep(LOOK_AGAIN_SECONDS))
    ground.refuse_ignored(exercise.files)
    if dry_run:
        lines = [_planned(exercise, at) for at in range(len(exercise.files))]
    else:
        context.console.note(
            f"Dropping {len(exercise.files)} files under {ground.prefix} "
            f"in {context.stack.sources_bucket}; alarms on dead letters may go off."
        )
        lines = _carried_out(exercise, context.console, timeout)
    _show(lines, context.console)
    if any(line.is_right is False for line in lines):
        raise typer.Exit(code=FOUND_SOMETHING)


def _ground(context: Context, prefix: str) -> Ground:
    if not prefix.strip("/"):
        raise Misconfigured("No drill is possible", ["--prefix: expected one, such as _drill/"])
    stack = context.stack
    objects = objects_of(stack, context.clients)
    recipes = deployed_recipes(stack.recipes, objects)
    # Each drill has a folder of its own, so that two at once do not take each other's letters.
    own = f"{prefix.rstrip('/')}/{uuid4().hex[:8]}/"
    return Ground(stack, context.clients, SystemClock(), own, recipes)


def _carried_out(exercise: Drill, console: Console, timeout: float) -> list[Line]:
    lines: list[Line] = []
    clock = exercise.ground.clock
    with (
        console.progress("Dropping files", total=len(exercise.files) * 2 + 1) as meter,
        _cleaned_up(exercise, console, lines),
    ):
        for line in exercise.run(Deadline.after(timeout, clock), meter.describe):
            lines.append(line)
            meter.advance()
        meter.describe("Cleaning up")
    return lines


@contextmanager
def _cleaned_up(exercise: Drill, console: Console, lines: list[Line]) -> Iterator[None]:
    """Clean up whatever happens, Ctrl-C included; only a second one leaves something behind."""
    try:
        yield
    finally:
        ground = exercise.ground
        try:
            lines += exercise.clean(Deadline.after(CLEANING_SECONDS, ground.clock))
        except BaseException:
            console.note(
                f"Not all was cleaned up: `aws s3 rm --recursive "
                f"s3://{ground.stack.sources_bucket}/{ground.prefix}` removes the sources, and "
                "the worker their variants."
            )
            raise


def _planned(exercise: Drill, at: int) -> Line:
    sample = exercise.files[at]
    expected = " or ".join(cause.value for cause in sample.causes) or "published"
    return Line(exercise.ground.key(sample), expected, "not dropped", is_right=None)


def _show(lines: list[Line], console: Console) -> None:
    document = [
        {
            "what": line.what,
            "expected": line.expected,
            "found": line.found,
            "is_right": line.is_right,
        }
        for line in lines
    ]
    rows = [(MARKS[line.is_right], line.what, line.expected, line.found) for line in lines]
    wrong = sum(line.is_right is False for line in lines)
    told = f"{wrong} of {len(lines)} differ: see docs/runbook.md." if wrong else "Nothing differs."
    console.result(
        {"lines": document, "wrong": wrong},
        table("", "what", "expected", "found", rows=rows),
        told,
    )
