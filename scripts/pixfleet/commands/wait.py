"""`pixfleet wait`: waits until a worker is done with one image."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.waiting import Waiter, WaitOutcome, WaitResult
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.stack_recipes import current_recipes
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING, GONE, TIMED_OUT
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import counted, quoted
from scripts.pixfleet.terminal.times import duration, span_seconds
from shared.clock import SystemClock
from shared.cloud.ledger_reader import LedgerReader

app = typer.Typer()

CODES: Mapping[WaitOutcome, int] = {
    WaitOutcome.PUBLISHED: 0,
    WaitOutcome.UNREADABLE: FAILED,
    WaitOutcome.REJECTED: FOUND_SOMETHING,
    WaitOutcome.IGNORED: FOUND_SOMETHING,
    WaitOutcome.REMOVED: GONE,
    WaitOutcome.WAITING: TIMED_OUT,
}


@command(app, "wait")
def wait(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    timeout: Annotated[str, typer.Option("--timeout", help="How long to wait at most.")] = "10m",
    every: Annotated[
        float, typer.Option("--every", min=0.5, help="Seconds between two looks.")
    ] = 2.0,
) -> None:
    """Wait until an image is published, rejected or removed; the exit code says which.

    Exit codes: 0 published, 3 rejected or without a recipe, 4 removed, 5 not done in time.
    """
    seconds = span_seconds(timeout, option="--timeout")
    stack, clients = context.stack, context.clients
    objects = objects_of(stack, clients)
    ledger = LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table)
    waiter = Waiter(
        objects, lambda key: ledger.of([key])[key], current_recipes(stack, objects), SystemClock()
    )
    with context.console.working(f"Waiting for {quoted(key)}"):
        result = waiter.wait(key, seconds=seconds, every=every)
    document = {name: value if value != "" else None for name, value in asdict(result).items()}
    context.console.result(document, *_lines(result))
    if code := CODES[result.outcome]:
        raise typer.Exit(code=code)


def _lines(result: WaitResult) -> tuple[str, ...]:
    key, after = quoted(result.key), f"after {duration(result.seconds)}"
    trouble = (f"  The last answer: {result.trouble}",) if result.trouble else ()
    why = f"Next: {suggest('why', result.key)}"
    match result.outcome:
        case WaitOutcome.PUBLISHED:
            shown = f"  {suggest('urls', result.key)}"
            return f"{key} is published {after}: {counted(result.variants, 'variant')}.", shown
        case WaitOutcome.REJECTED:
            return f"{key} is rejected: {quoted(result.cause)}: {result.detail}", why
        case WaitOutcome.IGNORED:
            return f"No recipe matches {key}, so nothing is made of it.", why
        case WaitOutcome.REMOVED:
            return f"There is no source {key}, and nothing is stored for it.", why
        case WaitOutcome.UNREADABLE:
            return f"Another version of Pixfleet wrote the ledger entry of {key}.", why
        case _:
            return f"{key} is not done {after}.", *trouble, why
