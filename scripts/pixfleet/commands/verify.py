"""`pixfleet verify`: compares sources, ledger and stored variants."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.ssm_parameter import BULK, LIVE
from scripts.pixfleet.stack.stack_recipes import current_recipes
from scripts.pixfleet.terminal.console import Part
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.tables import facts, table
from scripts.pixfleet.terminal.text import counted, named_keys
from scripts.pixfleet.terminal.times import span_seconds
from scripts.pixfleet.verify.audit import Audit, Scope
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.check_result import Kind, RepairAction
from scripts.pixfleet.verify.checkpoint import AuditCheckpoint
from scripts.pixfleet.verify.differences_file import DifferencesFile, open_differences_file
from scripts.pixfleet.verify.rebuild_view import rebuild
from scripts.pixfleet.verify.repair import Repair, RepairContext
from scripts.pixfleet.verify.sample import SampleAudit, Share
from scripts.pixfleet.verify.summary import Summary
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.queues import Queues
from shared.model.errors import Misconfigured

app = typer.Typer()

# A dry run names so many keys at most; a report has all of them.
MAX_NAMED_KEYS = 10_000

# So few variants are made again in a minute, whatever the reason was.
MOST_OF_EMPTY_BUCKET = 100


@dataclass(frozen=True, slots=True)
class _Options:
    """What to do about the differences."""

    repair: bool
    yes: bool
    dry_run: bool
    report: Path | None


@command(app, "verify")
def verify(  # noqa: PLR0913 - one for each option
    context: Context,
    *,
    prefix: Annotated[str, typer.Option(help="Only keys that begin with this.")] = "",
    repair: Annotated[bool, typer.Option("--repair", help="Repair the differences.")] = False,
    rebuild_ledger: Annotated[
        bool,
        typer.Option(
            "--rebuild-ledger", help="Write lost ledger entries again, from the manifests."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Repair without asking.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what a repair would do, and do nothing.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write every difference to this file, as JSON Lines.")
    ] = None,
    grace: Annotated[
        str, typer.Option(help="A key that changed within this time counts as being processed.")
    ] = "10m",
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Go on from this file if it exists; it is deleted at the end."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Check so many random sources only, and estimate the rest."),
    ] = None,
) -> None:
    """Compare sources, ledger and stored variants; exits with 3 if they differ."""
    if sample and (repair or rebuild_ledger or dry_run or checkpoint):
        raise Misconfigured(
            "Nothing was done", ["expected --sample alone: a repair needs all differences"]
        )
    if repair and rebuild_ledger:
        raise Misconfigured(
            "Nothing was done", ["expected --rebuild-ledger first, and then --repair for the rest"]
        )
    since = time.time() - span_seconds(grace, option="--grace")
    repair_context = _repair_context(context)
    audit = _audit(context, repair_context, since, prefix)
    options = _Options(repair, yes, dry_run, report)
    if sample:
        _check_sample(context, audit, sample, report)
        return
    scope = f"{audit.scope.sources_bucket} and {audit.scope.variants_bucket}, prefix {prefix!r}"
    kept = AuditCheckpoint(checkpoint, scope) if checkpoint else None
    with _differences(report, kept) as differences:
        summary = _run(context, audit, differences, kept)
        if rebuild_ledger:
            rebuild(context, repair_context, differences, summary, is_dry=dry_run, yes=yes)
            return
        done = _repair(context, repair_context, differences, summary, options)
        to_repair = (each.key for each in differences if each.action) if dry_run else iter(())
        keys = list(islice(to_repair, MAX_NAMED_KEYS))
    document = summary.document() | {"repair": done, "report": report and str(report)}
    if dry_run:
        document |= {"keys": keys}
    named = named_keys(keys, of=summary.to_repair) if dry_run else ()
    context.console.result(document, *_shown(summary, done, options), *named)
    is_repaired = done is not None and not done["failed"]
    if summary.actions[RepairAction.NOTHING] or (summary.differences and not is_repaired):
        raise typer.Exit(code=FOUND_SOMETHING)


def _repair_context(context: Context) -> RepairContext:
    stack, clients, clock = context.stack, context.clients, SystemClock()
    objects = objects_of(stack, clients)
    return RepairContext(
        objects=objects,
        ledger=Ledger(clients.dynamodb, clients.calls, stack.ledger_table, clock),
        queues=Queues(clients.sqs, clients.calls),
        recipes=current_recipes(stack, objects),
        clock=clock,
        queue=(stack.lanes.get(BULK) or stack.lanes[LIVE]).queue,
    )


def _audit(context: Context, repair_context: RepairContext, since: float, prefix: str) -> Audit:
    objects = repair_context.objects
    return Audit(
        context.clients.s3,
        LedgerReader(context.clients.dynamodb, context.clients.calls, context.stack.ledger_table),
        Checker(repair_context.recipes, objects.head, objects.stored_version, since),
        Scope(objects.sources_bucket, objects.variants_bucket, prefix),
    )


def _check_sample(context: Context, audit: Audit, size: int, report: Path | None) -> None:
    """Check a sample, and print the share of sources that differ."""
    sampled = SampleAudit(audit, size, Random())  # noqa: S311 - statistics
    summary = Summary(audit.counts)
    with (
        open_differences_file(report) as differences,
        context.console.progress("Sources listed") as meter,
    ):
        audit.advance = meter.advance
        for difference in sampled.differences():
            differences.add(difference)
            summary.add(difference)
    share = Share.of(sampled.total, summary.looked_at, summary.differences)
    document = summary.document() | {"sample": asdict(share), "report": report and str(report)}
    context.console.result(document, *_kinds(summary), "", share.sentence())
    if summary.differences:
        raise typer.Exit(code=FOUND_SOMETHING)


@contextmanager
def _differences(report: Path | None, kept: AuditCheckpoint | None) -> Iterator[DifferencesFile]:
    """Open the file of the differences, which a checkpoint keeps from run to run."""
    if kept is None:
        with open_differences_file(report) as differences:
            yield differences
        return
    try:
        differences = kept.open()
        yield differences
        if report:
            with open_differences_file(report) as copy:
                for each in differences:
                    copy.add(each)
        kept.remove()
    finally:
        kept.close()


def _run(
    context: Context, audit: Audit, differences: DifferencesFile, kept: AuditCheckpoint | None
) -> Summary:
    if kept:
        audit.save = kept.save
        if saved := kept.saved:
            audit.position, audit.listed = saved.position, saved.listed
            audit.counts.update(saved.counts)
            looked_at = audit.counts.total()
            context.console.note(f"Going on after {looked_at:,} keys, as {kept.path} says.")
    summary = Summary(audit.counts)
    for difference in differences:
        summary.add(difference)
    with context.console.progress("Keys looked at") as meter:
        audit.advance = meter.advance
        for difference in audit.differences():
            differences.add(difference)
            summary.add(difference)
    return summary


def _repair(
    context: Context,
    repair_context: RepairContext,
    differences: DifferencesFile,
    summary: Summary,
    options: _Options,
) -> dict[str, int] | None:
    """Repair if that is wanted, and return the counts; None if nothing was to be repaired."""
    if not options.repair or options.dry_run or not summary.to_repair:
        return None
    _refuse_empty_bucket(context, summary)
    context.console.confirm(f"{_plan(summary, repair_context.queue)} Go on?", yes=options.yes)
    repair = Repair(repair_context)
    is_finished = False
    try:
        with context.console.progress("Keys repaired", total=summary.to_repair) as meter:
            for done in repair.run(each for each in differences if each.action):
                meter.advance(done)
        is_finished = True
    finally:
        if not is_finished:
            context.console.note(f"Stopped. {_done(dict(repair.counts))}")
    for problem in repair.problems:
        context.console.note(problem)
    return {name: repair.counts[name] for name in ("enqueued", "deleted", "indexed", "failed")}


def _refuse_empty_bucket(context: Context, summary: Summary) -> None:
    """Raise `Misconfigured` if many keys would be removed because the sources bucket is empty.

    An apply after a lost bucket creates an empty one, and its objects are still to be restored.
    """
    bucket = context.stack.sources_bucket
    if summary.to_remove <= MOST_OF_EMPTY_BUCKET:
        return
    if not context.clients.s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents"):
        raise Misconfigured(
            "Nothing was repaired",
            [
                (
                    f"expected sources in {bucket}, got an empty bucket: a repair would remove "
                    f"the variants of {counted(summary.to_remove, 'key')}. Restore the sources "
                    "first (docs/recovery.md)"
                )
            ],
        )


def _plan(summary: Summary, queue: str) -> str:
    parts = []
    if summary.to_enqueue:
        enqueued = f"Enqueue {counted(summary.to_enqueue, 'key')} on {queue}"
        removed = f" ({summary.to_remove:,} without a source lose their variants)"
        parts.append(f"{enqueued}{removed if summary.to_remove else ''}")
    if summary.actions[RepairAction.DELETE]:
        objects = counted(summary.objects_to_delete, "object")
        keys = counted(summary.actions[RepairAction.DELETE], "key")
        parts.append(f"delete {objects} of {keys} that no ledger entry lists")
    if to_index := summary.actions[RepairAction.INDEX]:
        entries = "ledger entry" if to_index == 1 else "ledger entries"
        parts.append(f"add {to_index:,} {entries} to the index on status")
    plan = " and ".join(parts)
    return f"{plan[:1].upper()}{plan[1:]}."


def _done(done: dict[str, int]) -> str:
    return ", ".join(
        f"{counted(done.get(name, 0), noun)} {participle}"
        for name, noun, participle in (
            ("enqueued", "key", "enqueued"),
            ("deleted", "object", "deleted"),
            ("indexed", "key", "added to the index"),
            ("failed", "key", "not repaired"),
        )
    )


def _kinds(summary: Summary) -> list[Part]:
    """Return how many keys are of each kind, and a table of the differences."""
    kinds = {kind.value: summary.of_kind(kind) for kind in Kind if summary.of_kind(kind)}
    shown: list[Part] = [facts({"keys looked at": summary.looked_at, **kinds})]
    if summary.differences:
        rows = [
            (kind, reason, count, summary.examples[kind, reason][0])
            for (kind, reason), count in sorted(summary.counts.items())
            if kind.is_difference
        ]
        shown += ["", table("Kind", "Reason", "Keys", "Example", rows=rows)]
    return shown


def _shown(summary: Summary, done: dict[str, int] | None, options: _Options) -> tuple[Part, ...]:
    shown = _kinds(summary)
    if not summary.differences:
        return (*shown, "Sources, ledger and stored variants agree.")
    shown.append("")
    if done is not None:
        shown.append(
            f"{_done(done)}. `pixfleet verify` shows what is left, once the lane is empty."
        )
    elif summary.to_repair:
        shown.append(f"A repair would do this: {_plan(summary, 'the bulk lane')}")
        shown.append("Type `pixfleet verify --repair` to repair.")
    if summary.actions[RepairAction.NOTHING]:
        shown.append(
            "Unreadable entries were written by another version of Pixfleet: use that version."
        )
    if options.report:
        shown.append(f"{options.report} lists every difference.")
    return tuple(shown)
