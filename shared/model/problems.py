"""Reads a parsed YAML or JSON document and collects every problem with its path.

Written here because the validating libraries at hand stop at the first problem, and a person who
wrote three mistakes wants to mend three.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from shared.text import excerpt

Word = TypeVar("Word", bound=StrEnum)


class Problems:
    """What is wrong with a document, in the order in which it was found."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, expected: str, got: object) -> None:
        """Note one problem in the one form: where, what was expected, what stood there."""
        shown = "nothing" if got is None else excerpt(got)
        self.found.append(f"{path}: expected {expected}, got {shown}")

    def say(self, path: str, sentence: str) -> None:
        """Note a problem that has no single wrong value."""
        self.found.append(f"{path}: {sentence}")


class Fields:
    """One mapping of a document; each reader takes a field, checks it and answers a usable value.

    After a problem a reader answers its default, so that reading goes on to the next problem.
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
            # What its fields lack is the same mistake again.
            self.problems = Problems()

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> object:
        """Take a field as it stands; none if it is missing or null."""
        self._taken.add(name)
        return self._fields.get(name)

    def text(
        self, name: str, default: str, *, expected: str, accept: Callable[[str], bool]
    ) -> str:
        """Take a string that `accept` finds right."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, str) and accept(value):
            return value
        self.problems.add(self.at(name), expected, value)
        return default

    def whole(self, name: str, default: int | None, *, low: int, high: int) -> int | None:
        """Take a whole number from `low` to `high`."""
        value = self.raw(name)
        if value is None or is_whole(value, low=low, high=high):
            return default if value is None else int(str(value))
        self.problems.add(self.at(name), f"a whole number from {low} to {high}", value)
        return default

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """Take a number from `low` to `high`."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.problems.add(self.at(name), f"a number from {low:g} to {high:g}", value)
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """Take a true or a false."""
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.problems.add(self.at(name), "true or false", value)
        return default

    def word(self, name: str, default: Word) -> Word:
        """Take one word of the default's vocabulary."""
        value = self.raw(name)
        vocabulary = type(default)
        if value is None:
            return default
        if isinstance(value, str) and value in set(vocabulary):
            return vocabulary(value)
        self.problems.add(self.at(name), one_of(vocabulary), value)
        return default

    def list_of(self, name: str, *, expected: str) -> list[tuple[str, object]]:
        """Take a list as pairs of path and item; empty if it is missing."""
        value = self.raw(name)
        if value is None:
            return []
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [(f"{self.at(name)}[{index}]", item) for index, item in enumerate(value)]
        self.problems.add(self.at(name), expected, value)
        return []

    def some_of(self, name: str, *, expected: str) -> list[tuple[str, object]]:
        """Take a list that must be there with at least one item."""
        items = self.list_of(name, expected=expected)
        value = self.raw(name)
        if not value and (value is None or isinstance(value, Sequence)):
            self.problems.add(self.at(name), expected, value)
        return items

    def refuse_others(self) -> None:
        """Note every field that nobody took: a misspelt field must not be ignored in silence."""
        for name in self._fields:
            if name not in self._taken:
                known = ", ".join(sorted(self._taken))
                self.problems.say(self.at(name), f"not a field here; known are {known}")


def is_whole(value: object, *, low: int, high: int) -> bool:
    """Say whether a value is a whole number within bounds; YAML's `yes` is not the number one."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def one_of(vocabulary: type[StrEnum]) -> str:
    """Return a vocabulary as a person would list it."""
    return "one of " + ", ".join(vocabulary)
