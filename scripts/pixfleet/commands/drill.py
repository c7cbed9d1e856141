"""`pixfleet drill`: uploads good and bad files, and checks that each ends as the runbook says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import uuid4

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.drill.drill import Drill
from scripts.pixfleet.drill.samples import Sample
from scripts.pixfleet.drill.site import Site
from scripts.pixfleet.drill.step import Step
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.drill_keys import drill_prefix
from scripts.pixfleet.stack.stack_recipes import stack_recipes
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.suggestions import shell_word, suggest
from scripts.pixfleet.terminal.tables import table
from scripts.pixfleet.terminal.text import quoted
from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.model.errors import Misconfigured

app = typer.Typer()

PAUSE_SECONDS = 1.0
CLEAN_UP_SECONDS = 120.0
SYMBOLS = {True: "\u2713", False: "\u2717", None: "-"}
UNKNOWN = "?"


@command(app, "drill")
def drill_(
    context: Context,
    *,
    prefix: Annotated[
        str,
        typer.Option("--prefix", help="The prefix of the files' keys; each drill adds a folder."),
    ] = "_drill/",
    timeout: Annotated[
        float, typer.Option("--timeout", min=1.0, help="Seconds to wait for all of the outcomes.")
    ] = 120.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be uploaded.")
    ] = False,
) -> None:
    """Upload a good file and three bad ones, compare their outcomes, and clean up."""
    site = _site(context, prefix)
    drill = Drill(site, pause=lambda: time.sleep(PAUSE_SECONDS))
    site.refuse_ignored(drill.files)
    if dry_run:
        steps = [_planned(drill, sample) for sample in drill.files]
    else:
        context.console.note(
            f"Uploading {len(drill.files)} files to {quoted(site.prefix)} in "
            f"{context.stack.sources_bucket}; alarms on dead letters may go off."
        )
        steps = carry_out(drill, context.console, timeout)
    _show(steps, context.console)
    if any(step.is_right is False or not step.is_known for step in steps):
        raise typer.Exit(code=FOUND_SOMETHING)


def _site(context: Context, prefix: str) -> Site:
    if not prefix.strip("/"):
        raise Misconfigured("A drill needs a prefix", ["--prefix: expected one such as _drill/"])
    stack = context.stack
    objects = objects_of(stack, context.clients)
    recipes = stack_recipes(stack, objects)
    # Two drills at once must not take each other's dead letters.
    own_prefix = drill_prefix(prefix, uuid4().hex[:8])
    return Site(stack, context.clients, SystemClock(), own_prefix, recipes)


def carry_out(drill: Drill, console: Console, timeout: float) -> list[Step]:
    """Run a drill and clean up, also after Ctrl-C; `timeout` in seconds."""
    steps: list[Step] = []
    clock = drill.site.clock
    with (
        console.progress("Uploading files", total=len(drill.files) * 2 + 1) as meter,
        _cleaned_up(drill, console, steps),
    ):
        for step in drill.run(Deadline.after(timeout, clock), meter.describe):
            steps.append(step)
            meter.advance()
        meter.describe("Cleaning up")
    return steps


@contextmanager
def _cleaned_up(drill: Drill, console: Console, steps: list[Step]) -> Iterator[None]:
    """Clean up after the block, also after Ctrl-C; a second Ctrl-C leaves files behind."""
    try:
        yield
    finally:
        site = drill.site
        try:
            steps += drill.clean(Deadline.after(CLEAN_UP_SECONDS, site.clock))
        except BaseException:
            folder = shell_word(f"s3://{site.stack.sources_bucket}/{site.prefix}")
            console.note(
                f"The drill was not cleaned up: `aws s3 rm --recursive {folder}` removes the "
                "sources, and the worker then removes their variants."
            )
            raise
        finally:
            if not drill.are_dead_letters_gone:
                left = suggest("dlq delete", prefix=site.prefix)
                console.note("Dead letters of the drill may be left. Later, type:", f"  {left}")


def _planned(drill: Drill, sample: Sample) -> Step:
    expected = " or ".join(cause.value for cause in sample.causes) or "published"
    return Step(drill.site.key(sample), expected, "not uploaded", is_right=None)


def _show(steps: list[Step], console: Console) -> None:
    document = [
        {
            "what": step.what,
            "expected": step.expected,
            "found": step.found,
            "is_right": step.is_right,
            "is_known": step.is_known,
        }
        for step in steps
    ]
    rows = [
        (
            SYMBOLS[step.is_right] if step.is_known else UNKNOWN,
            step.what,
            step.expected,
            step.found,
        )
        for step in steps
    ]
    wrong = sum(step.is_right is False for step in steps)
    not_known = sum(not step.is_known for step in steps)
    console.result(
        {"lines": document, "wrong": wrong, "unknown": not_known},
        table("", "what", "expected", "found", rows=rows),
        _summary(len(steps), wrong, not_known),
    )


def _summary(steps: int, wrong: int, not_known: int) -> str:
    differ = f"{wrong} of {steps} differ: see docs/runbook.md." if wrong else "Nothing differs"
    if not_known:
        return f"{differ.rstrip('.')}; {not_known} of {steps} could not be checked."
    return differ if wrong else f"{differ}."
