"""Text from outside for the parts of Rich that read markup."""

from rich.markup import escape

from scripts.pixfleet.terminal.text import printable


def plain_markup(line: str) -> str:
    """Return a line with Rich's markup and all that is not visible escaped."""
    return escape(printable(line))
