"""Prints a command's results: tables and progress for a person, or one JSON document.

Text from outside (keys, message bodies, details, errors of AWS) cannot end a line, move the
cursor or change the direction of the text: a newline in a line is printed as an escape sequence.
"""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import typer
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, Group, RenderableType
from rich.segment import Segment
from rich.text import Text

from scripts.pixfleet.terminal.markup import plain_markup
from scripts.pixfleet.terminal.suggestions import with_options
from scripts.pixfleet.terminal.tables import Table
from scripts.pixfleet.terminal.text import printable, quoted
from shared.model.errors import Misconfigured
from shared.text import is_visible

if TYPE_CHECKING:
    from scripts.pixfleet.terminal.progress import ProgressBar

# A command that takes longer shows that it is at work.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Styled:
    """A line in a style of Rich, such as `bold red`."""

    line: str
    style: str


@dataclass(frozen=True, slots=True)
class Quotation:
    """Text of several lines that is not ours; each is printed after a bar."""

    text: str

    def __iter__(self) -> Iterator[str]:
        """Yield the lines."""
        yield from (f"\u2502 {line}" for line in self.text.split("\n"))


Part = str | Styled | Quotation | Table


class SafeConsole(RichConsole):
    """A console of Rich that writes no control characters except its own.

    It is a second barrier: `Console` escapes every part before.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of a renderable, with unprintable characters escaped."""
        for each in super().render(renderable, options):
            if each.control or each.text == "\n" or is_visible(each.text):
                yield each
            else:
                lines = map(printable, each.text.split("\n"))
                yield Segment("\n".join(lines), each.style)


def _out() -> RichConsole:
    # A key may contain the name of an emoji, such as `:smile:`.
    return SafeConsole(highlight=False, emoji=False)


def _err() -> RichConsole:
    return SafeConsole(highlight=False, emoji=False, stderr=True)


@dataclass(frozen=True, slots=True)
class Console:
    """Results go to standard output; progress, questions and warnings to standard error.

    With `as_json` standard output is one JSON document. `stack_options` are the options that named
    this command's stack; the commands that the output suggests get the same options, and those of
    the `aws` command get `aws_options`.
    """

    as_json: bool = False
    stack_options: str = ""
    aws_options: str = ""
    out: RichConsole = field(default_factory=_out)
    err: RichConsole = field(default_factory=_err)

    def result(self, document: object, *shown: Part) -> None:
        """Print the document as JSON, or the parts for a person.

        A string is one line of plain text, not markup.
        """
        if self.as_json:
            print(json_text(document, indent=2))
            return
        self._print(self.out, shown)

    def line(self, document: object, line: str) -> None:
        """Print the document on one line as JSON, or the line for a person, at once."""
        text = json_text(document, indent=None) if self.as_json else printable(line)
        print(text if self.as_json else self.to_type(text), flush=True)

    def raw(self, lines: Iterable[str]) -> None:
        """Print lines of a file format whose text has been escaped already."""
        for line in lines:
            print(line)

    def documents(self, documents: Iterable[object]) -> None:
        """Print documents as JSON Lines."""
        for each in documents:
            print(json_text(each, indent=None))

    def note(self, *shown: Part) -> None:
        """Print what is not part of the result, such as a warning or progress."""
        self._print(self.err, shown)

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

    def choose(self, question: str, answers: Collection[str]) -> str:
        """Ask until the answer is one of `answers`; `typer.Abort` at Ctrl-C or the input's end."""
        while True:
            answer: str = typer.prompt(printable(question), err=True)
            if (found := answer.strip().lower()) in answers:
                return found
            self.note(f"Expected one of {', '.join(answers)}, got {quoted(answer)}")

    def picture(self, file: Path) -> None:
        """Show the picture of a file, if the terminal can."""
        from scripts.pixfleet.terminal.pictures import (  # noqa: PLC0415 - few commands need it
            escape_sequences,
            protocol_of,
        )

        protocol = protocol_of(os.environ) if self.err.is_terminal else None
        if protocol and (shown := [*escape_sequences(protocol, file.read_bytes())]):
            self.err.file.writelines((*shown, "\n"))
            self.err.file.flush()

    def to_type(self, text: str) -> str:
        """Return our text with the typed options after each command that it suggests."""
        return with_options(text, self.stack_options, aws=self.aws_options)

    @property
    def columns(self) -> int:
        """Return the width of standard output, 80 if it is no terminal."""
        return self.out.width

    @property
    def is_in_place(self) -> bool:
        """Return whether parts can replace those that the terminal shows."""
        return self.out.is_terminal and not self.as_json

    @contextmanager
    def in_place(self, shown: Iterable[Part]) -> Iterator[Callable[[Iterable[Part]], None]]:
        """Show the parts on the alternate screen; the function that is yielded replaces them.

        At the end the terminal shows again what it showed before.
        """
        from rich.live import Live  # noqa: PLC0415 - as above

        first = Group(*self._rendered(shown))
        with Live(first, console=self.out, screen=True, auto_refresh=False) as live:
            yield lambda parts: live.update(Group(*self._rendered(parts)), refresh=True)

    @contextmanager
    def progress(self, doing: str, *, total: float | None = None) -> Iterator["ProgressBar"]:
        """Show a progress bar while the block runs, if standard error is a terminal."""
        from scripts.pixfleet.terminal.progress import progress_bar  # noqa: PLC0415 - as above

        with progress_bar(self.err, plain_markup(doing), total=total) as bar:
            yield bar

    @contextmanager
    def working(self, doing: str) -> Iterator[None]:
        """Show what is done, if the block takes long and standard error is a terminal."""
        if not self.err.is_terminal:
            yield
            return
        shown = self.err.status(plain_markup(doing))
        timer = Timer(PATIENCE_SECONDS, shown.start)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            shown.stop()

    def _print(self, console: RichConsole, parts: Iterable[Part]) -> None:
        for each in self._rendered(parts):
            # A table folds its cells; a line is not wrapped, so that programs can read it.
            console.print(each, soft_wrap=isinstance(each, Text))

    def _rendered(self, parts: Iterable[Part]) -> Iterator[Text | Table]:
        for part in parts:
            match part:
                case str():
                    yield Text(self.to_type(printable(part)), overflow="fold")
                case Styled(line, style):
                    yield Text(self.to_type(printable(line)), style=style, overflow="fold")
                case Quotation():
                    yield from (Text(printable(line), overflow="fold") for line in part)
                case _:
                    yield part


def json_text(document: object, *, indent: int | None) -> str:
    """Return a document as JSON, in which only the newlines of `indent` are not visible.

    JSON itself escapes only control characters up to U+001F (RFC 8259, section 7).
    """
    text = json.dumps(document, indent=indent, ensure_ascii=not _prints_unicode(), default=str)
    return "\n".join(_escaped(line) for line in text.split("\n"))


def _prints_unicode() -> bool:
    """Return whether standard output can print any text; a JSON document must not lose any."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


def _escaped(line: str) -> str:
    if is_visible(line):
        return line
    # Whatever is not visible is inside of a string, where these escape sequences are allowed.
    return "".join(char if is_visible(char) else json.dumps(char)[1:-1] for char in line)
