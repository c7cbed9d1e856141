"""Shows the demo's report on a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.demo.report import SAVED, SECONDS, DemoReport
from scripts.pixfleet.page.rows import ImageRow, bytes_of
from scripts.pixfleet.terminal.text import counted, human_bytes, percent, pixels, printable

PIXELS_MIN_WIDTH = 110  # terminal columns from which the table shows pixels, too


def print_report(report: DemoReport, console: Console) -> None:
    """Print the table, the dead letters and the totals."""
    console.print()
    if report.images:
        console.print(_table(report, with_pixels=console.width >= PIXELS_MIN_WIDTH))
        console.print(f"\n[dim]Saved: {SAVED}\nSeconds: {SECONDS}[/]")
    console.print()
    for dead_letter in report.dead_letters:
        console.print(f"[bold yellow]Dead letter[/]: {shown(dead_letter.key)}")
        console.print(
            f"  [bold]{dead_letter.cause or 'no cause'}[/]"
            f" at {dead_letter.stage or 'no stage'}: {shown(dead_letter.detail)}"
        )
    for problem in report.problems:
        console.print(f"[bold red]Problem[/]: {escape(problem)}")
    _print_totals(report, console)


def shown(text: str) -> str:
    """Return a user's text without markup and control characters."""
    return escape(printable(text))


def _table(report: DemoReport, *, with_pixels: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold cyan")
    table.add_column("Image", overflow="fold", min_width=14)
    for title in ("Source", "Variants", "Smallest", "Largest", "Total", "Saved", "Seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in report.images:
        table.add_row(*_cells(row, with_pixels=with_pixels))
    table.add_row(
        counted(len(report.images), "image"),
        human_bytes(report.source_bytes),
        str(report.variant_count),
        "",
        "",
        human_bytes(report.variant_bytes),
        percent(report.saved),
        f"{report.render_seconds:.2f}",
        style="bold",
    )
    return table


def _cells(row: ImageRow, *, with_pixels: bool) -> tuple[str, ...]:
    size = f"{pixels(row.source.width, row.source.height)}  " if with_pixels else ""
    return (
        shown(row.source.key),
        f"{size}{human_bytes(row.source.bytes)}",
        str(len(row.variants)),
        human_bytes(bytes_of(row.smallest)),
        human_bytes(bytes_of(row.largest)),
        human_bytes(row.total_bytes),
        percent(row.saved),
        f"{row.render_seconds:.2f}",
    )


def _print_totals(report: DemoReport, console: Console) -> None:
    left = ", ".join(f"{name} {count}" for name, count in report.queues.items())
    console.print(
        f"\n{counted(report.finished, 'image')} in {report.wall_seconds:.1f} s "
        f"({report.images_per_second:.2f} images/s): {len(report.images)} published, "
        f"{len(report.dead_letters)} in the dead-letter queue. Left on the queues: {left}.",
    )
