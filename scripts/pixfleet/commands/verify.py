"""`pixfleet verify`: sources against ledger against stored variants."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.stack.buckets import current_fingerprints, objects_of
from scripts.pixfleet.stack.document import BULK, LIVE
from scripts.pixfleet.terminal.console import facts, table
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.text import counted
from scripts.pixfleet.terminal.times import span_seconds
from scripts.pixfleet.verify.audit import Scope, Sweep
from scripts.pixfleet.verify.check import Judge
from scripts.pixfleet.verify.difference import Kind, Mend
from scripts.pixfleet.verify.differences_file import Spool, opened_spool
from scripts.pixfleet.verify.repair import Repair, Workshop
from scripts.pixfleet.verify.summary import Summary
from shared.clock import SystemClock
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.queues import Queues

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a person wants done about what is found."""

    repair: bool
    yes: bool
    dry_run: bool
    report: Path | None


@command(app, "verify")
def verify(  # noqa: PLR0913 - one for each option
    context: Context,
    *,
    prefix: Annotated[str, typer.Option(help="Only sources whose keys begin so.")] = "",
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Mend without asking.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what a repair would do, and do nothing.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every difference to this file, as JSON lines.")
    ] = None,
    grace: Annotated[
        str, typer.Option(help="What changed this long ago is still being worked on.")
    ] = "10m",
) -> None:
    """Compare sources, ledger and stored variants; exits with 3 if they differ."""
    since = time.time() - span_seconds(grace, option="--grace")
    workshop = _workshop(context)
    sweep = _sweep(context, workshop, since, prefix)
    asked = _Asked(repair, yes, dry_run, report)
    with opened_spool(report) as spool:
        summary = _swept(context, sweep, spool)
        done = _mended(context, workshop, spool, summary, asked)
    document = summary.document() | {"repair": done, "report": report and str(report)}
    context.console.result(document, *_shown(summary, done, asked))
    is_mended = done is not None and not done["failed"]
    if summary.mends[Mend.NOTHING] or (summary.differences and not is_mended):
        raise typer.Exit(code=FOUND_SOMETHING)


def _workshop(context: Context) -> Workshop:
    stack, clients, clock = context.stack, context.clients, SystemClock()
    objects = objects_of(stack, clients)
    return Workshop(
        objects=objects,
        ledger=Ledger(clients.dynamodb, stack.ledger_table, clock),
        queues=Queues(clients.sqs),
        recipes=deployed_recipes(stack.recipes, objects),
        clock=clock,
        queue=(stack.lanes.get(BULK) or stack.lanes[LIVE]).queue,
    )


def _sweep(context: Context, workshop: Workshop, since: float, prefix: str) -> Sweep:
    fingerprint_of = current_fingerprints(workshop.objects)
    return Sweep(
        context.clients.s3,
        LedgerReader(context.clients.dynamodb, context.stack.ledger_table),
        Judge(workshop.recipes, workshop.objects.head, fingerprint_of, since),
        Scope(workshop.objects.sources_bucket, workshop.objects.variants_bucket, prefix),
    )


def _swept(context: Context, sweep: Sweep, spool: Spool) -> Summary:
    summary = Summary(sweep.counts)
    with context.console.progress("Keys looked at") as meter:
        sweep.looked_at = meter.advance
        for verdict in sweep.differences():
            spool.add(verdict)
            summary.note(verdict)
    return summary


def _mended(
    context: Context, workshop: Workshop, spool: Spool, summary: Summary, asked: _Asked
) -> dict[str, int] | None:
    """Mend, if that is wanted, and return what was done; none if nothing was to be."""
    to_mend = summary.differences - summary.mends[Mend.NOTHING]
    if not asked.repair or asked.dry_run or not to_mend:
        return None
    context.console.confirm(f"{_plan(summary, workshop.queue)} Go on?", yes=asked.yes)
    repair = Repair(workshop)
    is_whole = False
    try:
        with context.console.progress("Keys mended", total=to_mend) as meter:
            for done in repair.run(each for each in spool if each.mend):
                meter.advance(done)
        is_whole = True
    finally:
        if not is_whole:
            context.console.note(f"Stopped. {_done(dict(repair.counts))}")
    for problem in repair.problems:
        context.console.note(problem)
    return {name: repair.counts[name] for name in ("enqueued", "deleted", "failed")}


def _plan(summary: Summary, queue: str) -> str:
    parts = []
    if summary.to_enqueue:
        parts.append(f"Enqueue {counted(summary.to_enqueue, 'key')} on {queue}")
    if summary.mends[Mend.DELETE]:
        objects = counted(summary.doomed_objects, "object")
        keys = counted(summary.mends[Mend.DELETE], "key")
        parts.append(f"delete {objects} of {keys} that no ledger entry lists")
    plan = " and ".join(parts)
    return f"{plan[:1].upper()}{plan[1:]}."


def _done(done: dict[str, int]) -> str:
    return ", ".join(
        f"{counted(done.get(name, 0), noun)} {said}"
        for name, noun, said in (
            ("enqueued", "key", "enqueued"),
            ("deleted", "object", "deleted"),
            ("failed", "key", "not mended"),
        )
    )


def _shown(
    summary: Summary, done: dict[str, int] | None, asked: _Asked
) -> tuple[Table | str, ...]:
    kinds = {kind.value: summary.of_kind(kind) for kind in Kind if summary.of_kind(kind)}
    shown: list[Table | str] = [facts({"keys looked at": summary.looked_at, **kinds})]
    if not summary.differences:
        return (*shown, "Sources, ledger and stored variants agree.")
    rows = [
        (kind, reason, count, summary.examples[kind, reason][0])
        for (kind, reason), count in sorted(summary.counts.items())
        if kind.is_difference
    ]
    shown += ["", table("What", "Why", "Keys", "For example", rows=rows), ""]
    if done is not None:
        shown.append(
            f"{_done(done)}. `pixfleet verify` again, once the lane is empty, shows what is left."
        )
    elif (
        plan := _plan(summary, "the bulk lane")
        if summary.differences > summary.mends[Mend.NOTHING]
        else ""
    ):
        shown.append(f"A repair would do this: {plan}")
        shown.append("Type `pixfleet verify --repair` to have it done.")
    if summary.mends[Mend.NOTHING]:
        shown.append(
            "Unreadable entries were written by another version of Pixfleet: use that one."
        )
    if asked.report:
        shown.append(f"Every difference stands in {asked.report}.")
    return tuple(shown)
