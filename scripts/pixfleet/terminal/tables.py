"""Tables for a terminal. Their cells may be from outside."""

from collections.abc import Mapping, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from scripts.pixfleet.terminal.text import printable

# It begins each further line of a folded cell, which could otherwise pass for a line of ours.
CONTINUED = "\u21aa "

__all__ = ["Table", "facts", "list_table", "numbers_right", "table"]


def table(*headings: str, rows: Sequence[Sequence[object]]) -> Table:
    """Return a table; cells are plain text, and columns of numbers are aligned to the right."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for at, heading in enumerate(headings):
        is_number = bool(rows) and all(isinstance(row[at], int | float) for row in rows)
        shown.add_column(
            Text(printable(heading)), justify="right" if is_number else "left", overflow="fold"
        )
    for row in rows:
        shown.add_row(*map(_Cell, row))
    return shown


def list_table(rows: Sequence[Sequence[object]]) -> Table:
    """Return an indented table without headings."""
    shown = Table(box=None, show_header=False, padding=(0, 2))
    for row in rows:
        shown.add_row(*map(_Cell, row))
    return shown


def facts(named: Mapping[str, object]) -> Table:
    """Return a table of two columns, names and values."""
    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(style="dim", overflow="fold")
    shown.add_column(overflow="fold")
    for name, value in named.items():
        shown.add_row(_Cell(name), _Cell(value))
    return shown


def numbers_right(made: Table) -> Table:
    """Return the table with all columns but the first aligned to the right."""
    for column in made.columns[1:]:
        column.justify = "right"
    return made


class _Cell:
    """The text of a cell; further lines, if it has to be folded, begin with `CONTINUED`."""

    def __init__(self, value: object) -> None:
        self._text = Text(_cell(value), overflow="fold")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._text)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._text.cell_len <= options.max_width:
            yield self._text
            return
        width = max(1, options.max_width - len(CONTINUED))
        for at, line in enumerate(self._text.wrap(console, width, overflow="fold")):
            yield Text.assemble(CONTINUED, line) if at else line


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return printable(str(value))
