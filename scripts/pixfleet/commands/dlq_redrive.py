"""`pixfleet dlq redrive`: sends dead letters back to their lanes."""

from dataclasses import asdict
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import (
    All,
    Cause,
    DryRun,
    Ids,
    Prefix,
    Yes,
    causes,
    dead_letters,
    none_match,
    queue_of,
)
from scripts.pixfleet.dlq import view
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.dlq.selection import Counted, Selected, select
from scripts.pixfleet.terminal.exits import FAILED
from scripts.pixfleet.terminal.suggestions import suggest

app = typer.Typer()


@command(app, "redrive")
def redrive(  # noqa: PLR0913 - each is an option
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.1, help="At most this many messages a second.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Send dead letters back to their lanes; `dlq status` shows what becomes of them."""
    selection = select(cause, prefix, ids or (), everything=everything)
    queue = queue_of(context)
    if dry_run:
        count = queue.count(selection)
        context.console.result(
            {
                "would_send": len(count),
                "causes": count.causes,
                "lanes": count.lanes,
                "keys": count.keys,
            },
            *(view.view_selection(count) if len(count) else (none_match(selection),)),
        )
        return
    if not yes:
        count = queue.count(selection)
        if not len(count):
            context.console.result({"sent": 0}, none_match(selection))
            return
        question = f"Send {dead_letters(len(count))} back ({causes(count.causes)})?"
        context.console.confirm(question, yes=False)
        # What arrived after the question was not confirmed.
        counted = Counted(count.ids, selection.description)
        _redrive(context, queue, counted, rate)
        return
    _redrive(context, queue, selection, rate)


def _redrive(
    context: Context, queue: DeadLetterQueue, selection: Selected, rate: float | None
) -> None:
    redriver = queue.redriver(rate)
    context.console.note(f"Redrive {redriver.id}")
    try:
        with context.console.progress("sending back") as meter:
            tally = queue.redrive(redriver, selection, meter.advance)
    except BaseException:
        sent = dead_letters(redriver.tally.sent)
        context.console.note(
            f"Interrupted: {sent} sent back, the others are still in the dead-letter queue.",
            f"  {suggest('dlq status', redriver.id)}",
        )
        raise
    refused = f"{dead_letters(tally.refused)} could not be sent: {tally.why}"
    context.console.result(
        {"redrive_id": redriver.id, "selection": selection.description, **asdict(tally)},
        f"{dead_letters(tally.sent)} sent back ({selection.description}).",
        *((refused,) if tally.refused else ()),
        *((f"  {suggest('dlq status --watch', redriver.id)}",) if tally.sent else ()),
    )
    if tally.refused:
        raise typer.Exit(code=FAILED)
