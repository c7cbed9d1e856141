"""Makes text from a user fit to be stored, logged or shown."""

MAX_EXCERPT_CHARS = 60  # one line on a terminal, with some words before it


def replace_unprintable(text: str, replacement: str) -> str:
    """Return the text with every unprintable character replaced, line breaks included."""
    return "".join(char if char.isprintable() else replacement for char in text)


def escape_unprintable(text: str) -> str:
    """Return the text with every unprintable character as a Python escape sequence."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def excerpt(value: object) -> str:
    """Return the `repr` of a value, cut to one short line."""
    text = repr(value)
    if len(text) <= MAX_EXCERPT_CHARS:
        return text
    return f"{text[: MAX_EXCERPT_CHARS - 1]}…"
