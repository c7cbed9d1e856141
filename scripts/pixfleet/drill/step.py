"""One line of a drill's result."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison; `is_right` is `None` if it could not be made."""

    what: str
    expected: str
    found: str
    is_right: bool | None


def compare(what: str, expected: str, found: str) -> Step:
    """Return a step that is right if `found` is one of the words that `expected` lists."""
    return Step(what, expected, found, found in expected.split(" or "))
