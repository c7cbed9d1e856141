"""Prints lines without Rich, for what has to start at once and for errors."""

import sys
from collections.abc import Iterable

from scripts.pixfleet.terminal.text import printable


def print_line(line: str) -> None:
    """Print a line to standard output."""
    print(printable(line))


def print_text(text: str) -> None:
    """Print our own text of several lines, such as a script, to standard output."""
    print(text)


def print_error(lines: Iterable[str]) -> None:
    """Print the lines of an error message to standard error."""
    print("\n".join(map(printable, lines)), file=sys.stderr)
