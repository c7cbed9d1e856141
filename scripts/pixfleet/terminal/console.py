"""Prints a command's results: tables and progress for a person, or one JSON document."""

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

SUGGESTED_COMMAND = re.compile(
    r"\bpixfleet (?:(?:dlq|backfill) [a-z]+"
    r"|(?:doctor|drill|plan|show|sign|status|urls|verify|why)\b)"
)


def _out() -> RichConsole:
    # A key may contain the name of an emoji, such as `:smile:`.
    return RichConsole(highlight=False, emoji=False)


def _err() -> RichConsole:
    return RichConsole(highlight=False, emoji=False, stderr=True)


@dataclass(frozen=True, slots=True)
class Console:
    """Results go to standard output; progress, questions and warnings to standard error.

    With `as_json` standard output is one JSON document. `stack_options` are the options that named
    this command's stack; the commands that the output suggests get the same options.
    """

    as_json: bool = False
    stack_options: str = ""
    out: RichConsole = field(default_factory=_out)
    err: RichConsole = field(default_factory=_err)

    def result(self, document: object, *shown: RenderableType) -> None:
        """Print the document as JSON, or the parts for a person.

        A string is plain text, not markup, because keys and details come from users.
        """
        if self.as_json:
            print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
            return
        for part in shown:
            text = self._with_options(_plain(part) if isinstance(part, str) else part)
            # A table folds its cells; a line is not wrapped, so that programs can read it.
            self.out.print(text, soft_wrap=isinstance(part, str | Text))

    def note(self, text: str) -> None:
        """Print text that is not part of the result, such as a warning or progress."""
        self.err.print(self._with_options(_plain(text)), soft_wrap=True)

    def _with_options(self, part: RenderableType) -> RenderableType:
        """Return the part with `stack_options` after each suggested command."""
        if not self.stack_options:
            return part
        if isinstance(part, str):
            options = escape(self.stack_options)
            return SUGGESTED_COMMAND.sub(lambda found: f"{found[0]} {options}", part)
        if isinstance(part, Text):
            options = f" {self.stack_options}"
            for found in reversed(list(SUGGESTED_COMMAND.finditer(part.plain))):
                part = Text.assemble(part[: found.end()], options, part[found.end() :])
        return part

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask a question unless `yes`, and return if the answer is yes; else exit with code 1.

        `Misconfigured` if standard input is not a terminal and `yes` is false.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise Misconfigured("Nothing was done", [f"{question} Type --yes to go on."])
        if not typer.confirm(printable(question), err=True):
            raise typer.Exit(code=1)

    @contextmanager
    def progress(self, doing: str, *, total: float | None = None) -> Iterator["ProgressBar"]:
        """Show a progress bar while the block runs, if standard error is a terminal."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        hidden = not self.err.is_terminal
        with Progress(*columns, console=self.err, transient=True, disable=hidden) as progress:
            yield ProgressBar(progress, progress.add_task(escape(doing), total=total))


class ProgressBar:
    """One progress bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, by: float = 1) -> None:
        """Increase the amount that is done."""
        self._progress.advance(self._task, by)

    def describe(self, doing: str) -> None:
        """Change the description."""
        self._progress.update(self._task, description=escape(doing))

    def total(self, total: float) -> None:
        """Set the total amount, once it is known."""
        self._progress.update(self._task, total=total)


def table(*headings: str, rows: Sequence[Sequence[object]]) -> Table:
    """Return a table; cells are plain text, and columns of numbers are aligned to the right."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for at, heading in enumerate(headings):
        is_number = bool(rows) and all(isinstance(row[at], int | float) for row in rows)
        shown.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(escape(_cell(cell)) for cell in row))
    return shown


def facts(named: Mapping[str, object]) -> Table:
    """Return a table of two columns, names and values."""
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
    """Return plain text with Rich's markup escaped and control characters replaced."""
    return escape("\n".join(map(printable, text.split("\n"))))
