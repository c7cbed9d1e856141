"""Formats text, counts and sizes for a terminal or a page."""

import io
import os
import re
import sys
from collections.abc import Iterator, Sequence

from shared.text import escape_unprintable, is_visible

KILO = 1000
# So many keys are named before something is done with all of them.
NAMED_KEYS = 20
NEARLY_ALL = 0.99
CENT = 0.01
# Such text needs no quotes: it has no space, so it cannot pass for words of a sentence.
_PLAIN = re.compile(r"[\w./+@%=,:~#-]+")


def replace_unencodable_output() -> None:
    """Make standard output print `?` for characters that its encoding lacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def as_utf8(word: str) -> str:
    """Return an argument of the command line as UTF-8, whatever the locale's encoding is.

    Python decodes arguments by the locale, keys of S3 are UTF-8. Bytes that are no UTF-8 become
    surrogates (PEP 383), as they do for paths.
    """
    return os.fsencode(word).decode("utf-8", "surrogateescape")


def printable(line: str) -> str:
    """Return a line with an escape sequence for each character that cannot be seen.

    Text from outside may contain newlines, which would begin a line that looks like one of ours,
    and control characters, which would move the terminal's cursor.
    """
    return escape_unprintable(line)


def quoted(text: str) -> str:
    """Return text from outside for use in a sentence: in double quotes unless it is plain.

    A key such as `a.jpg is fine. Next: …` would otherwise read like our own words.
    """
    if _PLAIN.fullmatch(text) and is_visible(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'


def named_keys(keys: Sequence[str], *, of: int | None = None) -> Iterator[str]:
    """Yield a line for each of the first 20 keys, and one that says how many more there are.

    There are `of` keys in all, or as many as are given.
    """
    shown = keys[:NAMED_KEYS]
    yield from (f"  {quoted(key)}" for key in shown)
    if (more := (len(keys) if of is None else of) - len(shown)) > 0:
        yield f"  and {more:,} more: --json names them"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 image` or `1,200 images`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def human_bytes(count: int) -> str:
    """Return a number of bytes in decimal units, such as `9.5 kB`."""
    if count < KILO:
        return f"{count} B"
    thousands = count / KILO
    if thousands < 9.95:  # noqa: PLR2004 - what rounds to two figures
        return f"{thousands:.1f} kB"
    if thousands < 999.5:  # noqa: PLR2004 - what rounds to three figures
        return f"{thousands:.0f} kB"
    millions = thousands / KILO
    return f"{millions:.1f} MB" if millions < KILO else f"{millions / KILO:.1f} GB"


def pixels(width: int, height: int) -> str:
    """Return width and height in pixels, with a multiplication sign between them."""
    return f"{width} \u00d7 {height}"


def percent(share: float) -> str:
    """Return a share (0 to 1) as a percentage; only 1 becomes `100%`."""
    if NEARLY_ALL <= share < 1:
        return f"{int(share * 1000) / 10}%"
    return f"{share:.0%}"


def dollars(amount: float) -> str:
    """Return an amount of US dollars, to the cent."""
    return f"${amount:,.2f}" if amount >= CENT or not amount else "<$0.01"
