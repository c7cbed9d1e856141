"""Makes text from a user fit to be stored, logged or shown."""

import codecs
import re

MAX_EXCERPT_CHARS = 60  # one line on a terminal, with some words before it

# Characters that `str.isprintable` accepts and that a terminal shows as nothing or as a space:
# those with the property Default_Ignorable_Code_Point of the categories Lo and Mn, and the Braille
# blank. https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def is_visible(text: str) -> bool:
    """Return whether the text is one line in which every character can be seen.

    Control and format characters (newlines, escape sequences, bidirectional controls, characters
    without width), separators other than the space, surrogates and unassigned characters cannot.
    """
    return text.isprintable() and not _INVISIBLE.search(text)


def replace_unprintable(text: str, replacement: str) -> str:
    """Return the text with every unprintable character replaced, line breaks included."""
    return "".join(char if char.isprintable() else replacement for char in text)


def escape_unprintable(text: str) -> str:
    """Return the text with every character that cannot be seen as a Python escape sequence."""
    if is_visible(text):
        return text
    # Not by `str.encode`, which imports the codec's module: a locked process cannot.
    return "".join(
        char if is_visible(char) else codecs.unicode_escape_encode(char)[0].decode()
        for char in text
    )


def printable_line(text: str, max_chars: int) -> str:
    """Return at most so many characters of a text, with unprintable ones escaped."""
    # Cut twice: an escape sequence is longer than its character.
    return escape_unprintable(text[:max_chars])[:max_chars]


def excerpt(value: object) -> str:
    """Return the `repr` of a value, cut to one short line."""
    text = repr(value)
    if len(text) <= MAX_EXCERPT_CHARS:
        return text
    return f"{text[: MAX_EXCERPT_CHARS - 1]}…"
