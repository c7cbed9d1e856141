"""Shows the deletions of a synchronisation: the plan, the question, and a table that adds up."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from scripts.pixfleet.backfill.deletions import Deletions
from scripts.pixfleet.backfill.report import write_lines
from scripts.pixfleet.terminal.console import Console, Part
from scripts.pixfleet.terminal.tables import Table, facts, list_table, table
from scripts.pixfleet.terminal.text import counted, human_bytes, quoted

SHOWN = 20


def plan_document(deletions: Deletions | None) -> Mapping[str, object]:
    """Return the plan as `--json` prints it, with every key; empty without deletions."""
    if deletions is None:
        return {}
    keys = [each.key for each in deletions.plan.listed()]
    return {"deletions": {"planned": len(keys), "keys": keys, "kept": _kept(deletions)}}


def deletion_document(deletions: Deletions | None) -> Mapping[str, object]:
    """Return the outcomes as `--json` prints them; empty without deletions."""
    if deletions is None:
        return {}
    totals = asdict(deletions.plan.totals())
    return {"deletions": {**totals, "kept": _kept(deletions)}}


def shown_plan(deletions: Deletions | None, rest: str = "`--json` lists all") -> Iterator[Part]:
    """Yield the plan for a person: the first keys, and the keys that are kept.

    `rest` says where the other keys are listed.
    """
    if deletions is None:
        return
    planned = deletions.plan.totals().planned
    yield f"To be deleted: {counted(planned, 'key')}."
    first = islice(deletions.plan.listed(), SHOWN)
    yield list_table([(each.key, human_bytes(each.size_bytes)) for each in first])
    if planned > SHOWN:
        yield f"and {planned - SHOWN:,} more: {rest}."
    yield from _kept_table(deletions)


def confirm_deletions(console: Console, deletions: Deletions, path: Path, *, yes: bool) -> None:
    """Show every planned key and ask; the keys that do not fit are in a file beside `path`."""
    planned = deletions.plan.totals().planned
    if not planned:
        return
    rest = path.with_name(f"{path.name}.deletions")
    if planned > SHOWN:
        write_lines(rest, (asdict(each) for each in deletions.plan.listed()))
    if not console.as_json:
        console.note(*shown_plan(deletions, f"{rest} lists all"))
    bucket = quoted(deletions.store.bucket)
    console.confirm(f"Delete {counted(planned, 'key')} from {bucket}?", yes=yes)


def deletion_sum(deletions: Deletions | None) -> Iterator[Table]:
    """Yield the outcomes for a person."""
    if deletions is None:
        return
    totals = deletions.plan.totals()
    yield facts(
        {
            "to be deleted": totals.planned,
            "= deleted": totals.deleted,
            "+ kept, replaced since": totals.changed,
            "+ kept, file is back": totals.file_returned,
            "+ gone already": totals.already_gone,
            "+ not begun": totals.waiting,
        }
    )
    yield from _kept_table(deletions)


def _kept(deletions: Deletions) -> Mapping[str, object]:
    rows = deletions.plan.kept()
    return {reason: {"count": count, "example": example} for reason, count, example in rows}


def _kept_table(deletions: Deletions) -> Iterator[Table]:
    if rows := deletions.plan.kept():
        yield table("kept", "keys", "such as", rows=rows)
