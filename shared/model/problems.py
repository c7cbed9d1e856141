"""Reads a parsed YAML or JSON document and collects every problem with its path.

msgspec, which validates messages, stops at the first problem. Recipes are edited by
hand, and their editor wants to see all problems at once.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from shared.text import excerpt

_FALLBACK_FORMATS = frozenset({"gif", "jpeg", "jpg", "png"})
Word = TypeVar("Word", bound=StrEnum)


class Problems:
    """The problems of a document, in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, expected: str, got: object) -> None:
        """Add the problem that the value at `path` is not the expected one."""
        shown = "nothing" if got is None else excerpt(got)
        self.found.append(f"{path}: expected {expected}, got {shown}")

    def add_word(self, path: str, vocabulary: type[StrEnum], got: object) -> None:
        """Add the problem that a value is no word of an enum, and which one to type instead."""
        self.add(path, one_of(vocabulary), got)
        if remedy := _word_to_type(vocabulary, got):
            self.found[-1] += f": type {remedy}"

    def add_sentence(self, path: str, sentence: str) -> None:
        """Add a problem that is not about a single value."""
        self.found.append(f"{path}: {sentence}")


class Fields:
    """One mapping of a document, with a method for each type of field.

    A method returns the field's value. If the value is wrong, it adds a problem and returns the
    default, so that reading goes on to the next problem.
    """

    def __init__(self, value: object, path: str, problems: Problems, *, what: str) -> None:
        self.path = path
        self.problems = problems
        self._taken: set[str] = set()
        if isinstance(value, Mapping):
            self._fields = {str(name): inner for name, inner in value.items()}
        else:
            self._fields = {}
            problems.add(path or "the document", what, value)
            # The fields are missing because of this mistake, so their problems are dropped.
            self.problems = Problems()

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> object:
        """Return a field without a check; `None` if it is missing or null."""
        self._taken.add(name)
        return self._fields.get(name)

    def text(
        self, name: str, default: str, *, expected: str, accept: Callable[[str], bool]
    ) -> str:
        """Return a string for which `accept` returns true."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, str) and accept(value):
            return value
        self.problems.add(self.at(name), expected, value)
        return default

    def whole(self, name: str, default: int | None, *, low: int, high: int) -> int | None:
        """Return a whole number from `low` to `high`."""
        value = self.raw(name)
        if value is None or is_whole(value, low=low, high=high):
            return default if value is None else int(str(value))
        self.problems.add(self.at(name), f"a whole number from {low} to {high}", value)
        return default

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.problems.add(self.at(name), f"a number from {low:g} to {high:g}", value)
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.problems.add(self.at(name), "true or false", value)
        return default

    def word(self, name: str, default: Word) -> Word:
        """Return a value of the default's enum."""
        value = self.raw(name)
        vocabulary = type(default)
        if value is None:
            return default
        if isinstance(value, str) and value in set(vocabulary):
            return vocabulary(value)
        self.problems.add_word(self.at(name), vocabulary, value)
        return default

    def list_of(self, name: str, *, expected: str) -> list[tuple[str, object]]:
        """Return the items of a list with their paths; empty if the list is missing."""
        value = self.raw(name)
        if value is None:
            return []
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [(f"{self.at(name)}[{index}]", item) for index, item in enumerate(value)]
        self.problems.add(self.at(name), expected, value)
        return []

    def some_of(self, name: str, *, expected: str) -> list[tuple[str, object]]:
        """Return the items, with their paths, of a list that must have at least one."""
        items = self.list_of(name, expected=expected)
        value = self.raw(name)
        if not value and (value is None or isinstance(value, Sequence)):
            self.problems.add(self.at(name), expected, value)
        return items

    def refuse_others(self) -> None:
        """Add a problem for every field that was not read: it may be misspelt."""
        for name in self._fields:
            if name not in self._taken:
                known = ", ".join(sorted(self._taken))
                self.problems.add_sentence(self.at(name), f"unknown field; known are {known}")


def is_whole(value: object, *, low: int, high: int) -> bool:
    """Return whether a value is a whole number within bounds; `True` is not the number one."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _word_to_type(vocabulary: type[StrEnum], got: object) -> str:
    """Return the word that a similar one stands for, such as `centre` for `center`, or nothing."""
    if not isinstance(got, str):
        return ""
    if got.lower() in _FALLBACK_FORMATS and "fallback" in set(vocabulary):
        return "fallback, which is JPEG, PNG or GIF, whichever the picture needs"
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    return next(iter(get_close_matches(got.lower(), list(vocabulary), n=1, cutoff=0.75)), "")


def one_of(vocabulary: type[StrEnum]) -> str:
    """Return the phrase "one of …" with the values of an enum."""
    return "one of " + ", ".join(vocabulary)
