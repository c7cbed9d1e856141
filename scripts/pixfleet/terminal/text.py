"""What a person reads on a terminal, whatever the terminal can show."""

import io
import sys


def show_what_can_be_shown() -> None:
    """Let standard output show a `?` for what its encoding lacks, as standard error does."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def printable(line: str) -> str:
    """Return a line without what moves a terminal's cursor: a stranger's key may hold that."""
    return "".join(char if char.isprintable() else "\ufffd" for char in line)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
