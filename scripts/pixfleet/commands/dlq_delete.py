"""`pixfleet dlq delete`: deletes dead letters for good, and keeps a copy of each."""

from pathlib import Path
from typing import IO, Annotated

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
from scripts.pixfleet.dlq.delete import create_copy_file, delete_dead_letters
from scripts.pixfleet.dlq.queue import DeadLetterQueue, SelectionCount
from scripts.pixfleet.dlq.records import new_redrive_id
from scripts.pixfleet.dlq.selection import select

app = typer.Typer()


@command(app, "delete")
def delete(  # noqa: PLR0913 - each is an option
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    copy: Annotated[
        Path | None, typer.Option("--copy", help="The new file that gets a copy of each message.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete dead letters for good, and keep a copy of each in a file."""
    selection = select(cause, prefix, ids or (), everything=everything)
    queue = queue_of(context)
    count = queue.count(selection)
    if dry_run or not len(count):
        context.console.result(
            {
                "dropped": 0,
                "would_drop": len(count),
                "causes": count.causes,
                "keys": count.keys,
            },
            *(view.view_deletion(count) if len(count) else (none_match(selection),)),
        )
        return
    question = f"Delete {dead_letters(len(count))} for good ({causes(count.causes)})?"
    context.console.confirm(question, yes=yes)
    default = f"pixfleet-deleted-{new_redrive_id(queue.clock.now())}.jsonl"
    file = (copy or Path(default)).absolute()
    with create_copy_file(file) as opened:
        context.console.note(f"Each message is copied to {file}")
        deleted = _delete(context, queue, count, opened)
    context.console.result(
        {"dropped": deleted, "copy": str(file), "causes": count.causes},
        f"{dead_letters(deleted)} deleted. A copy of each is in {file}",
    )


def _delete(
    context: Context, queue: DeadLetterQueue, count: SelectionCount, copy: IO[bytes]
) -> int:
    try:
        with queue.scan() as scan, context.console.progress("deleting") as meter:
            meter.total(len(count))
            return delete_dead_letters(scan, count.ids, copy, meter.advance)
    except BaseException:
        context.console.note("Interrupted: messages that are not in this file were not deleted.")
        raise
