"""`pixfleet dlq`: why messages died, whether they would die again, and their way back."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.dlq import view as shown
from scripts.pixfleet.dlq.delete import document, drop, reserve
from scripts.pixfleet.dlq.details import log_place, logs_query
from scripts.pixfleet.dlq.groups import grouped
from scripts.pixfleet.dlq.queue import Desk
from scripts.pixfleet.dlq.records import Redrive, new_redrive_id
from scripts.pixfleet.dlq.selection import Selection, select
from scripts.pixfleet.dlq.status import Receipts
from scripts.pixfleet.dlq.trial import FAILS, UNCLEAR
from scripts.pixfleet.terminal.console import facts, table
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING
from scripts.pixfleet.terminal.text import counted

Item = TypeVar("Item")

app = typer.Typer(
    help="Dead letters: why they died, whether they would again, and their way back.",
    no_args_is_help=True,
)

Cause = Annotated[str, typer.Option("--cause", help="Those of one cause; - for those of none.")]
Prefix = Annotated[str, typer.Option("--prefix", help="Those of keys that begin so.")]
Ids = Annotated[
    list[str] | None, typer.Option("--id", help="This one; may be said again, or cut short.")
]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@command(app, "groups")
def groups(context: Context) -> None:
    """Count the dead letters by cause."""
    with _desk(context).sweep() as sweep, context.console.progress("looking") as meter:
        meter.total(max(1, sweep.depth.waiting))
        found = grouped(_counted(sweep, meter.advance))
    letters = sum(group.count for group in found)
    context.console.result(
        {
            "queue": sweep.queue,
            "letters": letters,
            "complete": not sweep.is_cut_short,
            "in_flight": sweep.depth.in_flight,
            "groups": [group.document() for group in found],
        },
        *shown.groups_shown(found, sweep),
    )


@command(app, "show")
def show(
    context: Context,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="A letter's id; may be cut.")],
    *,
    thumbnail: Annotated[
        Path | None, typer.Option("--thumbnail", help="Where to write a small picture of it.")
    ] = None,
    no_thumbnail: Annotated[
        bool, typer.Option("--no-thumbnail", help="Fetch no more than the source's first bytes.")
    ] = False,
) -> None:
    """Show one dead letter: body, attributes, source, ledger entry, log query, a thumbnail."""
    desk = _desk(context)
    letter, look = desk.one(letter_id), desk.look()
    source, of_source = look.source(letter.key) if letter.key else (None, {})
    of_ledger = look.entry(letter.key) if letter.key else {}
    picture, why_not = None, ""
    if source and not no_thumbnail:
        picture, why_not = look.thumbnail(source, thumbnail)
    query, place = logs_query(letter), log_place(context.stack)
    context.console.result(
        {
            **document(letter),
            "source": of_source,
            "ledger": of_ledger,
            "logs": {"group": place, "query": query},
            "thumbnail": picture and str(picture),
            "why_no_thumbnail": why_not,
        },
        shown.letter_shown(letter),
        *(("\nSource", facts(of_source)) if of_source else ()),
        *(("\nLedger", facts(of_ledger)) if of_ledger else ()),
        *((f"\nThumbnail: {picture}",) if picture else ()),
        *((f"\nNo thumbnail: {why_not}",) if why_not else ()),
        f"\nBody\n{shown.body_shown(letter.message.body)}",
        f"\nLogs ({place})\n{query}",
        "\nWhat next:",
        f"  pixfleet dlq try --id {letter.id}",
        f"  pixfleet dlq redrive --id {letter.id}",
    )


@command(app, "try")
def try_(
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    most: Annotated[int, typer.Option("-n", min=1, max=1000, help="So many keys at most.")] = 5,
) -> None:
    """Render some dead letters' sources with this version, and write nothing."""
    selection = select(cause, prefix, ids or (), everything=everything)
    desk = _desk(context)
    keys = desk.some_keys(selection, most)
    with context.console.progress("rendering") as meter:
        meter.total(len(keys))
        trials = list(_counted(desk.trials(keys), meter.advance)) if keys else []
    context.console.result(
        {"trials": [asdict(trial) for trial in trials]},
        *(shown.trials_shown(trials, selection) if trials else (_none(selection),)),
    )
    if any(trial.would in (FAILS, UNCLEAR) for trial in trials):
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
        float | None, typer.Option("--rate", min=0.1, help="So many letters a second at most.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Send dead letters back to their lanes; `receipts` tells what became of them."""
    selection = select(cause, prefix, ids or (), everything=everything)
    desk = _desk(context)
    if dry_run:
        _tell_what_would_go(context, desk, selection)
        return
    if not yes:
        meant, causes, _ = desk.count(selection)
        if not meant:
            context.console.result({"sent": 0}, _none(selection))
            return
        context.console.confirm(f"Send {_letters(len(meant))} back ({_of(causes)})?", yes=False)
    _redrive(context, desk, selection, rate)


@command(app, "receipts")
def receipts(
    context: Context,
    redrive_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="A redrive's id; without it all are listed.")
    ] = "",
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Look until no letter waits.")] = False,
) -> None:
    """Tell what became of a redrive's letters: fixed, dead again, or still waiting."""
    desk = _desk(context)
    if not redrive_id:
        _list_redrives(context, desk)
        return
    desk.records.read(redrive_id)
    if watch:
        found, are_quiet = desk.watch(redrive_id, _shower(context))
    else:
        found, are_quiet = desk.receipts(redrive_id)
    context.console.result(
        {**shown.receipts_document(redrive_id, found), "lanes_are_quiet": are_quiet},
        *shown.receipts_shown(redrive_id, found),
    )
    if found.waiting and are_quiet:
        context.console.note(
            "The lanes look empty, so nothing may come of those that wait: "
            "look at them with `pixfleet why KEY`, or let `pixfleet verify --repair` enqueue them."
        )
    if found.fixed < found.total:
        raise typer.Exit(code=FOUND_SOMETHING)


@command(app, "drop")
def drop_(  # noqa: PLR0913 - each is an option
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    copy: Annotated[
        Path | None, typer.Option("--copy", help="The new file that gets a copy of each.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete dead letters for good, and keep a copy of each in a file."""
    selection = select(cause, prefix, ids or (), everything=everything)
    desk = _desk(context)
    meant, causes, _ = desk.count(selection)
    if dry_run or not meant:
        context.console.result(
            {"dropped": 0, "would_drop": len(meant), "causes": causes},
            f"{_letters(len(meant))} would be dropped." if meant else _none(selection),
        )
        return
    question = f"Delete {_letters(len(meant))} for good ({_of(causes)})?"
    context.console.confirm(question, yes=yes)
    file = (copy or Path(f"pixfleet-dropped-{new_redrive_id(desk.clock.now())}.jsonl")).absolute()
    reserve(file)
    context.console.note(f"Each is copied to {file}")
    try:
        with desk.sweep() as sweep, context.console.progress("dropping") as meter:
            meter.total(len(meant))
            dropped = drop(sweep, meant, file, meter.advance)
    except BaseException:
        context.console.note(f"Not ended: what is not in {file} is still there.")
        raise
    context.console.result(
        {"dropped": dropped, "copy": str(file), "causes": causes},
        f"{_letters(dropped)} dropped. A copy of each is in {file}",
    )


def _desk(context: Context) -> Desk:
    return Desk(context.stack, context.clients, context.console.note)


def _letters(count: int) -> str:
    return counted(count, "dead letter")


def _of(causes: Counter[str]) -> str:
    return ", ".join(f"{count:,} of {cause}" for cause, count in causes.most_common())


def _none(selection: Selection) -> str:
    return f"No dead letters of that kind ({selection.words})."


def _redrive(context: Context, desk: Desk, selection: Selection, rate: float | None) -> None:
    redriver = desk.redriver(rate)
    note = Redrive(redriver.id, selection.words)
    desk.records.note(note)
    context.console.note(f"Redrive {redriver.id}")
    try:
        with desk.sweep() as sweep, context.console.progress("sending back") as meter:
            tally = redriver.run(sweep, selection, meter.advance)
    except BaseException:
        context.console.note(
            f"Not ended: {_letters(redriver.tally.sent)} went back; what did not is still there.\n"
            f"  pixfleet dlq receipts {redriver.id}"
        )
        raise
    desk.records.note(msgspec.structs.replace(note, letters=tally.sent))
    context.console.result(
        {"redrive_id": redriver.id, "selection": selection.words, **asdict(tally)},
        f"{_letters(tally.sent)} went back ({selection.words}).",
        *((f"{_letters(tally.refused)} could not go: {tally.why}",) if tally.refused else ()),
        *((f"  pixfleet dlq receipts {redriver.id} --watch",) if tally.sent else ()),
    )
    if tally.refused:
        raise typer.Exit(code=FAILED)


def _tell_what_would_go(context: Context, desk: Desk, selection: Selection) -> None:
    meant, causes, lanes = desk.count(selection)
    rows = [(count, cause) for cause, count in causes.most_common()]
    places = ", ".join(f"{count:,} to {lane}" for lane, count in lanes.most_common())
    context.console.result(
        {"would_send": len(meant), "causes": causes, "lanes": lanes},
        *((table("letters", "cause", rows=rows),) if rows else ()),
        f"{_letters(len(meant))} would go back: {places}." if meant else _none(selection),
    )


def _list_redrives(context: Context, desk: Desk) -> None:
    redrives = list(desk.records.all())
    rows = [(each.id, _sent(each), each.selection) for each in redrives]
    context.console.result(
        {"redrives": [msgspec.to_builtins(each) for each in redrives]},
        table("redrive", "letters", "which", rows=rows) if rows else "No redrives yet.",
    )


def _sent(redrive: Redrive) -> str:
    return "did not end" if redrive.letters is None else f"{redrive.letters:,}"


def _shower(context: Context) -> Callable[[Receipts], None]:
    def show_look(found: Receipts) -> None:
        dead = sum(found.dead.values())
        context.console.note(
            f"{found.fixed:,} fixed, {dead:,} dead again, {found.waiting:,} still waiting"
        )

    return show_look


def _counted(items: Iterable[Item], advance: Callable[[], None]) -> Iterator[Item]:
    for item in items:
        advance()
        yield item
