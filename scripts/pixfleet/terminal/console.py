"""What a command shows: tables and progress for a person, one JSON document for a program."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer
from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from scripts.pixfleet.terminal.text import printable
from shared.model.errors import Misconfigured

OUR_COMMAND = re.compile(
    r"\bpixfleet (?:(?:dlq|backfill) [a-z]+"
    r"|(?:doctor|drill|plan|show|sign|status|urls|verify|why)\b)"
)


def _out() -> RichConsole:
    # A key may hold what Rich takes for the name of a picture, such as `:smile:`.
    return RichConsole(highlight=False, emoji=False)


def _err() -> RichConsole:
    return RichConsole(highlight=False, emoji=False, stderr=True)


@dataclass(frozen=True, slots=True)
class Console:
    """Results go to standard output; progress, questions and warnings to standard error.

    With `as_json` standard output gets one JSON document and nothing else. `given` are the options
    by which this command reached its stack: those that it tells to type next need them as well.
    """

    as_json: bool = False
    given: str = ""
    out: RichConsole = field(default_factory=_out)
    err: RichConsole = field(default_factory=_err)

    def result(self, document: object, *shown: RenderableType) -> None:
        """Print the document as JSON, or else what a person is shown of it.

        A string is plain text, never markup: keys and details come from strangers.
        """
        if self.as_json:
            print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
            return
        for part in shown:
            text = self._with_given(_plain(part) if isinstance(part, str) else part)
            # A table folds its cells by itself; a line stays one for whoever reads a pipe.
            self.out.print(text, soft_wrap=isinstance(part, str | Text))

    def note(self, text: str) -> None:
        """Say something that is not the result: a warning, what happens now."""
        self.err.print(self._with_given(_plain(text)), soft_wrap=True)

    def _with_given(self, part: RenderableType) -> RenderableType:
        """Return a line whose commands go to the stack that this one went to."""
        if not self.given:
            return part
        if isinstance(part, str):
            return OUR_COMMAND.sub(lambda found: f"{found[0]} {escape(self.given)}", part)
        if isinstance(part, Text):
            for found in reversed(list(OUR_COMMAND.finditer(part.plain))):
                part = Text.assemble(part[: found.end()], f" {self.given}", part[found.end() :])
        return part

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only if a person says so, or said `--yes` before; `Misconfigured` otherwise.

        Where nobody can be asked, not to have said it is a mistake.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise Misconfigured("Nothing was done", [f"{question} Say --yes to go on."])
        if not typer.confirm(printable(question), err=True):
            raise typer.Exit(code=1)

    @contextmanager
    def progress(self, doing: str, *, total: float | None = None) -> Iterator["Meter"]:
        """Show a bar while the block runs, where standard error is a terminal."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        hidden = not self.err.is_terminal
        with Progress(*columns, console=self.err, transient=True, disable=hidden) as progress:
            yield Meter(progress, progress.add_task(escape(doing), total=total))


class Meter:
    """How far one bar is."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, by: float = 1) -> None:
        """Say that so much more is done."""
        self._progress.advance(self._task, by)

    def describe(self, doing: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=escape(doing))

    def total(self, total: float) -> None:
        """Say how much there is in all, once it is known."""
        self._progress.update(self._task, total=total)


def table(*headings: str, rows: Sequence[Sequence[object]]) -> Table:
    """Return a table of cells that are shown as they are; numbers stand to the right."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for at, heading in enumerate(headings):
        is_number = bool(rows) and all(isinstance(row[at], int | float) for row in rows)
        shown.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(escape(_cell(cell)) for cell in row))
    return shown


def facts(named: Mapping[str, object]) -> Table:
    """Return a table of two columns: what it is, and its value."""
    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in named.items():
        shown.add_row(escape(name), escape(_cell(value)))
    return shown


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


def _plain(text: str) -> str:
    """Return lines of plain text for a console that reads markup."""
    return escape("\n".join(map(printable, text.split("\n"))))
