"""`pixfleet dlq status`: what became of the messages of a redrive."""

from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import queue_of
from scripts.pixfleet.dlq import view
from scripts.pixfleet.dlq.completions import redrive_ids
from scripts.pixfleet.dlq.documents import status_document
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.dlq.status import RedriveStatus
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING

app = typer.Typer()


@command(app, "status")
def status(
    context: Context,
    redrive_id: Annotated[
        str,
        typer.Argument(
            metavar="[ID]",
            autocompletion=redrive_ids,
            help="The id of a redrive; without it, list them all.",
        ),
    ] = "",
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Repeat until no message is waiting.")
    ] = False,
) -> None:
    """Show what became of a redrive's messages: fixed, failed again, or still waiting."""
    queue = queue_of(context)
    if not redrive_id:
        _list_redrives(context, queue)
        return
    queue.records.read(redrive_id)
    found = queue.wait(redrive_id, _noted(context)) if watch else queue.status(redrive_id)
    context.console.result(
        status_document(redrive_id, found), *view.view_status(redrive_id, found)
    )
    if found.waiting and found.lanes_are_empty:
        context.console.note(
            "The lanes look empty, so the waiting messages may be lost: see `pixfleet why KEY`, "
            "or let `pixfleet verify --repair` enqueue their keys."
        )
    if found.fixed < found.total:
        raise typer.Exit(code=FOUND_SOMETHING)


def _list_redrives(context: Context, queue: DeadLetterQueue) -> None:
    redrives = list(queue.records.all())
    context.console.result(
        {"redrives": [msgspec.to_builtins(each) for each in redrives]},
        *view.view_redrives(redrives),
    )


def _noted(context: Context) -> Callable[[RedriveStatus], None]:
    def note(status: RedriveStatus) -> None:
        failed = sum(status.dead.values())
        context.console.note(
            f"{status.fixed:,} fixed, {failed:,} failed again, {status.waiting:,} still waiting"
        )

    return note
