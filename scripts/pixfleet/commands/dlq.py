"""`pixfleet dlq`: why messages failed, whether they would fail again, and how they go back."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, TypeVar

import msgspec
import typer

from scripts.pixfleet.command import Context, command, renamed_command
from scripts.pixfleet.dlq import view
from scripts.pixfleet.dlq.delete import create_copy_file, delete_dead_letters
from scripts.pixfleet.dlq.details import log_location, logs_query
from scripts.pixfleet.dlq.documents import (
    dead_letter_document,
    groups_document,
    status_document,
    trial_document,
)
from scripts.pixfleet.dlq.groups import group_by_cause
from scripts.pixfleet.dlq.queue import DeadLetterQueue, SelectionCount
from scripts.pixfleet.dlq.records import Redrive, new_redrive_id
from scripts.pixfleet.dlq.selection import Selection, select
from scripts.pixfleet.dlq.status import RedriveStatus
from scripts.pixfleet.dlq.trial import TrialOutcome
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import counted, quoted

Item = TypeVar("Item")

app = typer.Typer(
    help="Dead letters: list, try, redrive and delete them.",
    no_args_is_help=True,
)

Cause = Annotated[
    str, typer.Option("--cause", help="Only this cause; - for messages without a cause.")
]
Prefix = Annotated[str, typer.Option("--prefix", help="Only keys that begin with this.")]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id", help="Only this message id, or ids that begin with this; may be repeated."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


@command(app, "groups")
def groups(context: Context) -> None:
    """Count the dead letters by cause."""
    with _queue(context).scan() as scan, context.console.progress("reading") as meter:
        meter.total(max(1, scan.depth.waiting))
        found = group_by_cause(_counted(scan, meter.advance))
    context.console.result(groups_document(found, scan), *view.view_groups(found, scan))


@command(app, "show")
def show(
    context: Context,
    message_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="The id of a dead letter, or the beginning of its id."),
    ],
    *,
    thumbnail: Annotated[
        Path | None, typer.Option("--thumbnail", help="The file for a thumbnail of the source.")
    ] = None,
    no_thumbnail: Annotated[
        bool, typer.Option("--no-thumbnail", help="Read only the source's first bytes.")
    ] = False,
) -> None:
    """Show a dead letter: attributes, body, source, ledger entry, log query and a thumbnail."""
    queue = _queue(context)
    dead_letter, reader = queue.find(message_id), queue.details_reader()
    source, source_facts = reader.source(dead_letter.key) if dead_letter.key else (None, {})
    entry_facts = reader.entry(dead_letter.key) if dead_letter.key else {}
    file, why_no_thumbnail = None, ""
    if source and not no_thumbnail:
        file, why_no_thumbnail = reader.thumbnail(source, thumbnail)
    query, log_group = logs_query(dead_letter), log_location(context.stack)
    context.console.result(
        {
            **dead_letter_document(dead_letter),
            "source": source_facts,
            "ledger": entry_facts,
            "logs": {"group": log_group, "query": query},
            "thumbnail": file and str(file),
            "why_no_thumbnail": why_no_thumbnail,
        },
        *view.view_dead_letter(dead_letter, source_facts, entry_facts),
        *(("", f"Thumbnail: {file}") if file else ()),
        *(("", f"No thumbnail: {why_no_thumbnail}") if why_no_thumbnail else ()),
        "",
        "Body",
        *view.view_body(dead_letter.message.body),
        "",
        f"Logs ({log_group})",
        *query.split("\n"),
        "",
        "Next:",
        *view.next_commands(dead_letter),
    )


@command(app, "try")
def try_(
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    most: Annotated[int, typer.Option("-n", min=1, max=1000, help="At most this many keys.")] = 5,
) -> None:
    """Render the sources of some dead letters with this version of Pixfleet; store nothing."""
    selection = select(cause, prefix, ids or (), everything=everything)
    queue = _queue(context)
    keys = queue.keys(selection, most)
    with context.console.progress("rendering") as meter:
        meter.total(len(keys))
        results = list(_counted(queue.trials(keys), meter.advance)) if keys else []
    context.console.result(
        {"trials": [trial_document(result) for result in results]},
        *(view.view_trials(results, selection) if results else (_none(selection),)),
    )
    if any(each.outcome in (TrialOutcome.FAILS, TrialOutcome.UNCLEAR) for each in results):
        raise typer.Exit(code=FOUND_SOMETHING)


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
    queue = _queue(context)
    if dry_run:
        count = queue.count(selection)
        context.console.result(
            {"would_send": len(count), "causes": count.causes, "lanes": count.lanes},
            *(view.view_selection(count) if len(count) else (_none(selection),)),
        )
        return
    if not yes:
        count = queue.count(selection)
        if not len(count):
            context.console.result({"sent": 0}, _none(selection))
            return
        question = f"Send {_dead_letters(len(count))} back ({_causes(count.causes)})?"
        context.console.confirm(question, yes=False)
    _redrive(context, queue, selection, rate)


@command(app, "status")
def status(
    context: Context,
    redrive_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="The id of a redrive; without it, list them all.")
    ] = "",
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Repeat until no message is waiting.")
    ] = False,
) -> None:
    """Show what became of a redrive's messages: fixed, failed again, or still waiting."""
    queue = _queue(context)
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
    queue = _queue(context)
    count = queue.count(selection)
    if dry_run or not len(count):
        context.console.result(
            {"dropped": 0, "would_drop": len(count), "causes": count.causes},
            f"{_dead_letters(len(count))} would be deleted." if len(count) else _none(selection),
        )
        return
    question = f"Delete {_dead_letters(len(count))} for good ({_causes(count.causes)})?"
    context.console.confirm(question, yes=yes)
    default = f"pixfleet-deleted-{new_redrive_id(queue.clock.now())}.jsonl"
    file = (copy or Path(default)).absolute()
    with create_copy_file(file) as opened:
        context.console.note(f"Each message is copied to {file}")
        deleted = _delete(context, queue, count, opened)
    context.console.result(
        {"dropped": deleted, "copy": str(file), "causes": count.causes},
        f"{_dead_letters(deleted)} deleted. A copy of each is in {file}",
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


renamed_command(app, "drop", "pixfleet dlq delete")
renamed_command(app, "receipts", "pixfleet dlq status")


def _queue(context: Context) -> DeadLetterQueue:
    return DeadLetterQueue(context.stack, context.clients, context.console.note)


def _dead_letters(count: int) -> str:
    return counted(count, "dead letter")


def _causes(causes: Counter[str]) -> str:
    return ", ".join(f"{count:,} of {quoted(cause)}" for cause, count in causes.most_common())


def _none(selection: Selection) -> str:
    return f"No dead letters match ({selection.description})."


def _redrive(
    context: Context, queue: DeadLetterQueue, selection: Selection, rate: float | None
) -> None:
    redriver = queue.redriver(rate)
    record = Redrive(redriver.id, selection.description)
    queue.records.write(record)
    context.console.note(f"Redrive {redriver.id}")
    try:
        with queue.scan() as scan, context.console.progress("sending back") as meter:
            tally = redriver.run(scan, selection, meter.advance)
    except BaseException:
        sent = _dead_letters(redriver.tally.sent)
        context.console.note(
            f"Interrupted: {sent} sent back, the others are still in the dead-letter queue.",
            f"  {suggest('dlq status', redriver.id)}",
        )
        raise
    queue.records.write(msgspec.structs.replace(record, sent=tally.sent))
    refused = f"{_dead_letters(tally.refused)} could not be sent: {tally.why}"
    context.console.result(
        {"redrive_id": redriver.id, "selection": selection.description, **asdict(tally)},
        f"{_dead_letters(tally.sent)} sent back ({selection.description}).",
        *((refused,) if tally.refused else ()),
        *((f"  {suggest('dlq status --watch', redriver.id)}",) if tally.sent else ()),
    )
    if tally.refused:
        raise typer.Exit(code=FAILED)


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


def _counted(items: Iterable[Item], advance: Callable[[], None]) -> Iterator[Item]:
    for item in items:
        advance()
        yield item
