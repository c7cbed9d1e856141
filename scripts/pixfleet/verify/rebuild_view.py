"""Asks, rebuilds the ledger with a progress bar, and shows a table that adds up."""

from collections.abc import Iterator

import typer

from scripts.pixfleet.command import Context
from scripts.pixfleet.terminal.console import Part
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.tables import facts, table
from scripts.pixfleet.terminal.text import counted
from scripts.pixfleet.verify.check_result import Kind
from scripts.pixfleet.verify.differences_file import DifferencesFile
from scripts.pixfleet.verify.rebuild import Rebuild, RebuildContext
from scripts.pixfleet.verify.rebuilt_entry import RebuildOutcome
from scripts.pixfleet.verify.repair import RepairContext
from scripts.pixfleet.verify.summary import Summary
from shared.model.state import Reason

LEFT = "`pixfleet verify --repair` has the others made again."


def rebuild(
    context: Context,
    repair: RepairContext,
    differences: DifferencesFile,
    summary: Summary,
    *,
    is_dry: bool,
    yes: bool,
) -> None:
    """Rebuild the entries of sources that have none; exit with 3 if some are still without."""
    keys = sum(
        count for (_, reason), count in summary.counts.items() if reason == Reason.NEVER_MADE
    )
    if keys and not is_dry:
        question = f"Look at {counted(keys, 'source')} without a ledger entry, and write those"
        context.console.confirm(f"{question} of which everything is stored?", yes=yes)
    run = Rebuild(
        RebuildContext(context.clients.s3, repair.objects, repair.ledger, repair.recipes, is_dry)
    )
    lost = (each.key for each in differences if each.reason == Reason.NEVER_MADE)
    is_finished = False
    try:
        with context.console.progress("Entries looked for", total=keys) as meter:
            for done in run.run(lost):
                meter.advance(done)
        is_finished = True
    finally:
        if not is_finished:
            rebuilt = run.outcomes[RebuildOutcome.REBUILT]
            done_so_far = f"At least {counted(rebuilt, 'key')} rebuilt"
            context.console.note(f"Stopped. {done_so_far}; the same command does the rest.")
    for problem in run.problems:
        context.console.note(problem)
    recent = summary.of_kind(Kind.WORKING)
    document = {**_document(run, keys, is_dry=is_dry), "not_looked_at": recent}
    context.console.result(document, *_shown(run, keys, is_dry=is_dry), *_recent(recent))
    if run.outcomes.total() + run.failed != run.outcomes[RebuildOutcome.REBUILT]:
        raise typer.Exit(code=FOUND_SOMETHING)


def _document(run: Rebuild, keys: int, *, is_dry: bool) -> dict[str, object]:
    outcomes = {
        outcome.value: {"count": count, "example": run.examples[outcome]}
        for outcome, count in sorted(run.outcomes.items())
    }
    return {"without_entry": keys, "dry_run": is_dry, "outcomes": outcomes, "failed": run.failed}


def _recent(keys: int) -> Iterator[Part]:
    if keys:
        are = "is" if keys == 1 else "are"
        yield (
            f"{counted(keys, 'key')} {are} being worked on or changed in the last minutes, and "
            f"{'was' if keys == 1 else 'were'} not looked at; --grace 0s looks at them, too."
        )


def _shown(run: Rebuild, keys: int, *, is_dry: bool) -> Iterator[Part]:
    rebuilt = run.outcomes[RebuildOutcome.REBUILT]
    yield facts(
        {
            "sources without an entry": keys,
            "= could be rebuilt" if is_dry else "= rebuilt": rebuilt,
            "+ left to a repair": run.outcomes.total() - rebuilt,
            "+ failed": run.failed,
        }
    )
    rows = [
        (outcome.value, count, run.examples[outcome])
        for outcome, count in sorted(run.outcomes.items())
        if outcome is not RebuildOutcome.REBUILT
    ]
    if rows:
        yield table("left", "keys", "such as", rows=rows)
        yield LEFT
    if run.failed:
        yield "The same command tries the failed ones again."
