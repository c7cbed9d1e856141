"""Shows a run in the terminal: estimate, question, progress, and a table that adds up."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import typer
from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.backfill.build import CONFIRMED, Backfill
from scripts.pixfleet.backfill.checkpoint import (
    ALL_SENT,
    LISTED,
    SENT,
    TO_ITS_END,
    Checkpoint,
)
from scripts.pixfleet.backfill.deletions import Deletions
from scripts.pixfleet.backfill.deletions_view import (
    confirm_deletions,
    deletion_document,
    deletion_sum,
    plan_document,
    shown_plan,
)
from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.estimate import (
    COUNT_KEYS,
    Estimate,
    Limits,
    count_selection,
    estimate,
    sampled_averages,
)
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.report import write_report
from scripts.pixfleet.backfill.run import Run, Totals
from scripts.pixfleet.backfill.selection import Feeder
from scripts.pixfleet.stack.ssm_parameter import Lane
from scripts.pixfleet.terminal.console import Console, Part
from scripts.pixfleet.terminal.tables import Table, facts, table
from scripts.pixfleet.terminal.text import counted, dollars, named_keys
from scripts.pixfleet.terminal.times import duration
from shared.model.errors import PixfleetError

SELECTED = "selected"
# Errors of AWS, Ctrl-C, Ctrl-C at a question, and the answer no.
STOPPING = (ClientError, BotoCoreError, KeyboardInterrupt, typer.Abort, typer.Exit)
# A dry run names so many keys at most: to assess a source costs a call.
MAX_NAMED_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options that uploads and enqueued sources have in common.

    `report` is the file that names what an upload leaves out.
    """

    limits: Limits
    is_dry: bool
    is_confirmed: bool
    waits: bool
    report: Path | None = None


@contextmanager
def open_checkpoint(
    console: Console, path: Path, selection: str, *, restart: bool, is_dry: bool
) -> Iterator[Checkpoint]:
    """Open the checkpoint; if the run is interrupted, print how to continue it."""
    if is_dry:
        with TemporaryDirectory() as folder:
            yield Checkpoint(Path(folder) / "dry.sqlite")
        return
    checkpoint = Checkpoint.open(path, selection, restart=restart)
    try:
        yield checkpoint
    except (PixfleetError, *STOPPING):
        if sent := checkpoint.tally(SENT):
            console.note(f"{sent:,} were sent; the same command continues from there ({path}).")
        elif not checkpoint.fact(CONFIRMED):
            checkpoint.remove()
        raise
    finally:
        checkpoint.close()


def carry_out(
    backfill: Backfill,
    feeder: Feeder,
    lane: Lane,
    checkpoint: Checkpoint,
    options: RunOptions,
    deletions: Deletions | None = None,
) -> bool:
    """Carry out a run and print its outcomes; return whether they need an operator's attention.

    `deletions` are planned with the run, and carried out once all is sent.
    """
    stack, console = backfill.context.stack, backfill.context.console
    if options.report:
        write_report(options.report, checkpoint, deletions)  # refuses a bad path at once
    averages = sampled_averages(backfill.ledger, backfill.index)
    if not checkpoint.fact(CONFIRMED):
        with console.progress("counting"):
            most_keys = MAX_NAMED_KEYS if options.is_dry and console.as_json else COUNT_KEYS
            # A folder is listed already.
            is_counted = options.is_dry or not isinstance(feeder, Enqueue)
            late_at = math.inf if is_counted else monotonic() + backfill.policy.count_seconds
            selected = count_selection(
                feeder,
                enough=_enough(options),
                most_keys=most_keys,
                is_late=lambda: monotonic() >= late_at,
            )
            if deletions:
                deletions.find()
        expected = estimate(selected, averages, stack, lane, options.limits)
        if options.is_dry:
            keys = selected.keys[: expected.images]
            document = {**asdict(expected), "skipped": _skipped(checkpoint), "keys": keys}
            document["selected"] = {**asdict(selected), "keys": len(selected.keys)}
            document |= plan_document(deletions)
            named: Sequence[Part] = list(named_keys(keys, of=expected.images))
            left_out = (*_left_out(checkpoint), *shown_plan(deletions))
            console.result(document, *_shown(expected), *named, *left_out)
            return False
        _confirm(console, expected, options, backfill.policy)
        if deletions:
            confirm_deletions(console, deletions, checkpoint.path, yes=options.is_confirmed)
        # Without a total the progress bar shows how many there are so far.
        checkpoint.note(SELECTED, 0 if selected.has_more else selected.listed)
        checkpoint.note(CONFIRMED, "yes")
    else:
        sent = checkpoint.tally(SENT)
        console.note(f"Continuing: {sent:,} were sent before ({checkpoint.path}).")
    run = backfill.run(feeder, checkpoint, options.limits, averages)
    reason = _send_and_wait(run, console, deletions, waits=options.waits)
    if options.report:
        write_report(options.report, checkpoint, deletions)
    return _close(run, console, reason, deletions)


def _send_and_wait(run: Run, console: Console, deletions: Deletions | None, *, waits: bool) -> str:
    checkpoint = run.checkpoint
    with console.progress("sending", total=int(checkpoint.fact(SELECTED) or 0) or None) as meter:
        meter.advance(checkpoint.tally(LISTED))
        reason = run.send(meter.advance)
    # Nothing is deleted before its successor is stored: a renamed file has two keys until then.
    if deletions and checkpoint.fact(ALL_SENT) == TO_ITS_END:
        left = deletions.plan.totals().waiting
        with console.progress("deleting", total=left) as meter:
            deletions.carry_out(meter.advance)
    if waits:
        totals = run.totals()
        with console.progress("working", total=totals.sent) as meter:
            meter.advance(totals.sent - totals.waiting)
            run.wait(meter.advance)
    return reason


def _close(run: Run, console: Console, reason: str, deletions: Deletions | None) -> bool:
    """Print the outcomes; delete the checkpoint if nothing is left to send or to wait for."""
    totals, checkpoint = run.totals(), run.checkpoint
    has_sent_all = bool(checkpoint.fact(ALL_SENT))
    is_as_shown = not deletions or deletions.plan.totals().is_as_shown
    document = {**asdict(totals), "stopped": reason, "skipped": _skipped(checkpoint)}
    document |= deletion_document(deletions)
    refused = checkpoint.refused_files()
    document |= {"refused_files": refused}
    shown = (_sum(totals), *_left_out(checkpoint), *deletion_sum(deletions))
    console.result(document, *shown, *_next(totals, reason, refused))
    if has_sent_all and not totals.waiting:
        checkpoint.remove()
    else:
        console.note(f"The same command continues from here ({checkpoint.path}).")
    not_made = totals.rejected + totals.failed + refused
    return bool(not_made or not has_sent_all or not is_as_shown)


def _confirm(
    console: Console, expected: Estimate, options: RunOptions, policy: BackfillPolicy
) -> None:
    """Print the estimate; ask if it is above the policy's thresholds."""
    if not console.as_json:
        console.note(*_shown(expected))
    has_more = expected.selected.has_more
    is_large = expected.images > policy.ask_images or expected.dollars > policy.ask_dollars
    if is_large or has_more:
        images, cost = f"{expected.images:,} images", dollars(expected.dollars)
        console.confirm(
            f"Send at least {images} for at least an estimated {cost}? There are more than were "
            "counted: --max-images and --max-dollars limit the run, and --dry-run counts all."
            if has_more
            else f"Send {images} for an estimated {cost}?",
            yes=options.is_confirmed,
        )


def _enough(options: RunOptions) -> int | None:
    """Return how many images to count at most: no more than the limit will be sent."""
    return None if options.limits.max_images is None else max(options.limits.max_images, 1000)


def _shown(expected: Estimate) -> Sequence[Table]:
    selected, averages = expected.selected, expected.averages
    return (
        facts(
            {
                "listed": f"{selected.listed:,} and more"
                if selected.has_more
                else selected.listed,
                "to be sent": f"about {expected.images:,}",
                "to be made": f"about {expected.made:,}",
                "time": f"about {duration(expected.hours * 3600)}",
                "estimated cost": dollars(expected.dollars),
                "by": (
                    f"{averages.cpu_seconds:.2f} CPU s and {averages.objects:.0f} variants "
                    f"an image ({averages.origin})"
                ),
            }
        ),
    )


def _sum(totals: Totals) -> Table:
    lines: dict[str, object] = {
        "sent": totals.sent,
        "= made": totals.made,
        "+ current": totals.current,
        "+ rejected": totals.rejected,
        "+ failed": totals.failed,
        "+ still waiting": totals.waiting,
    }
    if totals.removed:
        lines["+ source removed"] = totals.removed
    return facts({**lines, "estimated cost": dollars(totals.dollars)})


def _left_out(checkpoint: Checkpoint) -> Sequence[Table]:
    rows = checkpoint.skipped()
    return (table("not sent", "images", "such as", rows=rows),) if rows else ()


def _skipped(checkpoint: Checkpoint) -> Mapping[str, object]:
    return {
        reason: {"count": count, "example": example}
        for reason, count, example in checkpoint.skipped()
    }


def _next(totals: Totals, reason: str, refused: int) -> Iterator[str]:
    if reason:
        yield f"Stopped by {reason}."
    if refused:
        yield f"{counted(refused, 'file')} refused: --report FILE names each, and why."
    if totals.rejected or totals.failed:
        yield "`pixfleet dlq groups` shows the causes, `pixfleet why KEY` the cause of one image."
