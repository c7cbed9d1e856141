"""`pixfleet doctor`: what is wrong with a stack, and what to do about it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.doctor.checks import examine
from scripts.pixfleet.doctor.result import Finding, Verdict
from scripts.pixfleet.doctor.stack_under_test import Patient
from scripts.pixfleet.terminal.console import table
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.text import counted

app = typer.Typer()

# The worst first.
MARKS = {
    Verdict.WRONG: "\u2717",
    Verdict.UNSEEN: "?",
    Verdict.OK: "\u2713",
    Verdict.SKIPPED: "-",
}


@command(app, "doctor")
def doctor(
    context: Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Show also what is right.")] = False,
) -> None:
    """Look at every part of a stack, and say what is wrong and what to do about it."""
    findings: list[Finding] = []
    patient = Patient(context.stack, context.clients)
    with context.console.progress("Looking") as meter:
        for finding in examine(patient):
            findings.append(finding)
            meter.advance()
    overview = _all(findings) if everything else _by_area(findings)
    context.console.result(
        {"findings": [_entry(each) for each in findings]},
        overview,
        *(_with_remedy(each) for each in findings if each.is_bad),
        _closing(findings),
    )
    if any(each.is_bad for each in findings):
        raise typer.Exit(code=FOUND_SOMETHING)


def _all(findings: Sequence[Finding]) -> Table:
    rows = [(MARKS[each.verdict], each.area, each.what) for each in findings]
    return table("", "part", "found", rows=rows)


def _by_area(findings: Sequence[Finding]) -> Table:
    """Return a line for each area, with the worst of its marks."""
    areas: dict[str, Counter[Verdict]] = {}
    for each in findings:
        areas.setdefault(each.area, Counter())[each.verdict] += 1
    rows = [
        (
            next(mark for verdict, mark in MARKS.items() if count[verdict]),
            area,
            ", ".join(f"{count[verdict]} {verdict}" for verdict in MARKS if count[verdict]),
        )
        for area, count in areas.items()
    ]
    return table("", "part", "found", rows=rows)


def _with_remedy(finding: Finding) -> str:
    return f"\n{MARKS[finding.verdict]} {finding.area}: {finding.what}\n  \u2192 {finding.remedy}"


def _entry(finding: Finding) -> Mapping[str, str | None]:
    return {
        "area": finding.area,
        "what": finding.what,
        "verdict": finding.verdict.value,
        "remedy": finding.remedy or None,
    }


def _closing(findings: Sequence[Finding]) -> str:
    count = Counter(each.verdict for each in findings)
    if count[Verdict.WRONG] or count[Verdict.UNSEEN]:
        told = f"{count[Verdict.WRONG]} wrong, {count[Verdict.UNSEEN]} could not be looked at."
    else:
        told = f"All is well: {counted(count[Verdict.OK], 'thing')} looked at."
    return f"\n{told}"
