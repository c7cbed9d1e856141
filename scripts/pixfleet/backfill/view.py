"""A run as a person sees it: an estimate, a question, two bars, and a table that adds up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from scripts.pixfleet.backfill.build import CONFIRMED, Backfill
from scripts.pixfleet.backfill.checkpoint import ALL_SENT, SEEN, SENT, Journal
from scripts.pixfleet.backfill.estimate import (
    Estimate,
    Limits,
    count_selection,
    estimate,
    sampled_averages,
)
from scripts.pixfleet.backfill.run import Run, Totals
from scripts.pixfleet.backfill.selection import Feeder
from scripts.pixfleet.stack.document import Lane
from scripts.pixfleet.terminal.console import Console, facts, table
from scripts.pixfleet.terminal.text import dollars
from scripts.pixfleet.terminal.times import duration
from shared.model.errors import PixfleetError

# Over either a person has to agree.
ASK_IMAGES, ASK_DOLLARS = 10_000, 5.0
SELECTED = "selected"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a run was asked for, whatever it sends."""

    limits: Limits
    is_dry: bool
    is_agreed: bool
    waits: bool


@contextmanager
def notes(
    console: Console, path: Path, selection: str, *, restart: bool, is_dry: bool
) -> Iterator[Journal]:
    """Give the checkpoint; whatever ends the run early is told how it goes on."""
    if is_dry:
        with TemporaryDirectory() as folder:
            yield Journal(Path(folder) / "dry.sqlite")
        return
    journal = Journal.open(path, selection, restart=restart)
    try:
        yield journal
    except (PixfleetError, ClientError, BotoCoreError, KeyboardInterrupt):
        if sent := journal.tally(SENT):
            console.note(f"{sent:,} were sent; the same command goes on from there ({path}).")
        elif not journal.fact(CONFIRMED):
            journal.remove()
        raise
    finally:
        journal.close()


def perform(
    backfill: Backfill, feeder: Feeder, lane: Lane, journal: Journal, asked: Asked
) -> bool:
    """Carry out a run and show how it ended; say whether anything of it wants a person."""
    stack, console = backfill.context.stack, backfill.context.console
    averages = sampled_averages(backfill.ledger, backfill.index)
    if not journal.fact(CONFIRMED):
        with console.progress("counting"):
            selected = count_selection(feeder, enough=_enough(asked))
        expected = estimate(selected, averages, stack, lane, asked.limits)
        if asked.is_dry:
            console.result(_estimated(expected, journal), *_shown(expected), *_left_out(journal))
            return False
        _agree(console, expected, asked)
        journal.note(SELECTED, selected.listed)
        journal.note(CONFIRMED, "yes")
    else:
        console.note(f"Going on: {journal.tally(SENT):,} were sent before ({journal.path}).")
    run = backfill.run(feeder, journal, asked.limits, averages)
    reason = _carry_out(run, console, waits=asked.waits)
    return _close(run, console, reason)


def _carry_out(run: Run, console: Console, *, waits: bool) -> str:
    journal = run.journal
    with console.progress("sending", total=int(journal.fact(SELECTED) or 0)) as meter:
        meter.advance(journal.tally(SEEN))
        reason = run.send(meter.advance)
    if waits:
        totals = run.totals()
        with console.progress("working", total=totals.sent) as meter:
            meter.advance(totals.sent - totals.waiting)
            run.wait(meter.advance)
    return reason


def _close(run: Run, console: Console, reason: str) -> bool:
    """Show what became of all; forget the run if there is nothing left to do or to wait for."""
    totals, journal = run.totals(), run.journal
    has_sent_all = bool(journal.fact(ALL_SENT))
    document = {**asdict(totals), "stopped": reason, "skipped": _skipped(journal)}
    console.result(document, _sum(totals), *_left_out(journal), *_next(totals, reason))
    if has_sent_all and not totals.waiting:
        journal.remove()
    else:
        console.note(f"The same command goes on from here ({journal.path}).")
    return bool(totals.rejected or totals.failed or not has_sent_all)


def _agree(console: Console, expected: Estimate, asked: Asked) -> None:
    """Show the estimate; ask, if it is much."""
    if not console.as_json:
        console.err.print(*_shown(expected))
    if expected.images > ASK_IMAGES or expected.dollars > ASK_DOLLARS:
        console.confirm(
            f"Send {expected.images:,} images for an estimated {dollars(expected.dollars)}?",
            yes=asked.is_agreed,
        )


def _enough(asked: Asked) -> int | None:
    """Return how many need to be counted at most, where no more would be sent in any case."""
    return None if asked.limits.max_images is None else max(asked.limits.max_images, 1000)


def _estimated(expected: Estimate, journal: Journal) -> Mapping[str, object]:
    return {**asdict(expected), "skipped": _skipped(journal)}


def _shown(expected: Estimate) -> Sequence[Table]:
    selected, averages = expected.selected, expected.averages
    return (
        facts(
            {
                "listed": selected.listed,
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


def _left_out(journal: Journal) -> Sequence[Table]:
    rows = journal.skipped()
    return (table("not sent", "images", "such as", rows=rows),) if rows else ()


def _skipped(journal: Journal) -> Mapping[str, object]:
    return {
        reason: {"count": count, "example": example}
        for reason, count, example in journal.skipped()
    }


def _next(totals: Totals, reason: str) -> Iterator[str]:
    if reason:
        yield f"Stopped by {reason}."
    if totals.rejected or totals.failed:
        yield "`pixfleet dlq groups` says why, `pixfleet why KEY` of one image."
