"""Shows the report of a soak on a terminal."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from tests.soak.check import Defect
from tests.soak.memory import Growth
from tests.soak.plan import Kind
from tests.soak.report import Report
from tests.soak.runners import REDELIVERED

KEYS_SHOWN = 5


def print_report(report: Report, console: Console) -> None:
    """Print the table and the problems."""
    table = Table("what", "", title="Soak", title_justify="left")
    table.columns[1].justify = "right"
    for what, figure in _rows(report):
        table.add_row(what, figure)
    console.print(table)
    for problem in report.problems:
        console.print(f"[bold red]Defect[/]: {problem}")
    named = {**report.wrong, "unexplained": report.unexplained, "unreported": report.unreported}
    for kind, keys in named.items():
        if keys:
            console.print(f"  {kind}: {', '.join(keys[:KEYS_SHOWN])}", highlight=False)
    if not report.problems:
        console.print("[bold green]Nothing lost, nothing stale.[/]")


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    for kind in Kind:
        yield f"sources {kind}", str(report.done.get(kind, 0))
    yield "runners killed with SIGKILL", str(report.kills)
    yield "processed after a redelivery", str(report.outcomes.get(REDELIVERED, 0))
    for outcome, word in (("made", "published"), ("removed", "removed")):
        yield word, str(report.outcomes.get(outcome, 0))
    yield "rejected", str(report.outcomes.get("image rejected", 0))
    yield "delayed", str(report.outcomes.get("image delayed", 0))
    yield "already current", str(report.outcomes.get("current", 0))
    yield "keys checked", str(report.keys)
    for wrong in Defect:
        yield wrong.value, str(len(report.wrong.get(wrong, ())))
    yield "dead letters", str(report.dead_letters)
    yield "unexplained dead letters", str(len(report.unexplained))
    yield "corrupt without a dead letter", str(len(report.unreported))
    yield "render children left behind", str(report.left_behind)
    yield "runner's memory, MB", _memory(report.runner_memory)
    yield "render child's memory, MB", _memory(report.child_memory)
    yield (
        "seconds: uploading, until the queue was empty",
        (f"{report.dropping_seconds:.0f}, {report.quiet_seconds:.0f}"),
    )
    yield "images a second", f"{report.images_per_second:.1f}"


def _memory(grown: Growth) -> str:
    slope = (
        "too few images for a slope" if grown.slope is None else f"{grown.slope:+.2f} per 1,000"
    )
    return f"{grown.start:.0f} → {grown.end:.0f}, {slope}"
