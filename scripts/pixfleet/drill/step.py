"""What a drill has found of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at; `is_right` is None where it could not be told."""

    what: str
    expected: str
    found: str
    is_right: bool | None


def compared(what: str, expected: str, found: str) -> Line:
    """Return a line that is right if what was found is one of the words that were expected."""
    return Line(what, expected, found, found in expected.split(" or "))
