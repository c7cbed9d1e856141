"""`pixfleet doctor`: checks every part of a stack, and shows how to repair it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.doctor.before_apply import check_quotas
from scripts.pixfleet.doctor.checks import run_checks
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.planned_functions import DEFAULTS, planned_functions
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.tables import Table, table
from scripts.pixfleet.terminal.text import counted
from shared.model.errors import Misconfigured

app = typer.Typer()

# The worst first.
SYMBOLS = {
    FindingStatus.WRONG: "\u2717",
    FindingStatus.UNSEEN: "?",
    FindingStatus.OK: "\u2713",
    FindingStatus.SKIPPED: "-",
}
# `FindingStatus` has the values of the JSON document.
LABELS = {FindingStatus.UNSEEN: "not checked"}


@command(app, "doctor")
def doctor(
    context: Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also show what is right.")] = False,
    before_apply: Annotated[
        bool,
        typer.Option(
            "--before-apply",
            help="Only compare the account's quotas with what a plan needs: the stack's defaults, "
            "or --plan. Needs no stack.",
        ),
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="The output of `terraform show -json PLAN`."),
    ] = None,
) -> None:
    """Check every part of a stack, and show what is wrong and what to do about it."""
    if plan and not before_apply:
        raise Misconfigured("These options do not fit", ["--plan: expected --before-apply, too"])
    if before_apply:
        functions = planned_functions(plan) if plan else DEFAULTS
        checks = check_quotas(context.clients, functions)
    else:
        checks = run_checks(StackUnderTest(context.stack, context.clients))
    findings: list[Finding] = []
    with context.console.progress("Checking") as meter:
        for finding in checks:
            findings.append(finding)
            meter.advance()
    overview = _all(findings) if everything or before_apply else _by_area(findings)
    context.console.result(
        {"findings": [_entry(each, context.console) for each in findings]},
        overview,
        *(line for each in findings if each.is_bad for line in _with_remedy(each)),
        "",
        _summary(findings),
    )
    if any(each.is_bad for each in findings):
        raise typer.Exit(code=FOUND_SOMETHING)


def _all(findings: Sequence[Finding]) -> Table:
    rows = [(SYMBOLS[each.status], each.area, each.what) for each in findings]
    return table("", "part", "found", rows=rows)


def _by_area(findings: Sequence[Finding]) -> Table:
    """Return a row for each area, with the symbol of its worst finding."""
    areas: dict[str, Counter[FindingStatus]] = {}
    for each in findings:
        areas.setdefault(each.area, Counter())[each.status] += 1
    rows = [
        (
            next(symbol for status, symbol in SYMBOLS.items() if count[status]),
            area,
            ", ".join(
                f"{count[each]} {LABELS.get(each, each)}" for each in SYMBOLS if count[each]
            ),
        )
        for area, count in areas.items()
    ]
    return table("", "part", "found", rows=rows)


def _with_remedy(finding: Finding) -> Sequence[str]:
    what = f"{SYMBOLS[finding.status]} {finding.area}: {finding.what}"
    return "", what, f"  \u2192 {finding.remedy}"


def _entry(finding: Finding, console: Console) -> Mapping[str, str | None]:
    return {
        "area": finding.area,
        "what": finding.what,
        "verdict": finding.status.value,
        "remedy": console.to_type(finding.remedy) or None,
    }


def _summary(findings: Sequence[Finding]) -> str:
    count = Counter(each.status for each in findings)
    wrong, unseen = count[FindingStatus.WRONG], count[FindingStatus.UNSEEN]
    if wrong or unseen:
        return f"{wrong} wrong, {unseen} could not be checked."
    return f"All is well: {counted(count[FindingStatus.OK], 'check')} passed."
