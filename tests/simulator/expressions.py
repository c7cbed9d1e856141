"""DynamoDB's condition and update expressions, compiled once each.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
Paths into lists and maps, BETWEEN, IN and most functions are not supported, because the ledger
does not use them: they raise an error.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

Attribute = Mapping[str, Any]
Item = Mapping[str, Attribute]
# The values of `#name` and `:value` in one call.
Names = Mapping[str, str]
Values = Mapping[str, Attribute]
Operand = Callable[[Item, Names, Values], Attribute | None]
Condition = Callable[[Item, Names, Values], bool]
Name = Callable[[Names], str]

TOKENS = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[#:]?[A-Za-z0-9_]+)")
CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


class BadExpression(Exception):
    """An expression that DynamoDB refuses with a ValidationException."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attribute that an update writes, adds to, takes from, or removes."""

    clause: str
    name: Name
    operand: Operand


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression that was read; `placeholders` are the names and values in it."""

    condition: Condition
    assignments: tuple[Assignment, ...]
    placeholders: frozenset[str]
    bare_names: frozenset[str]


def _true(item: Item, names: Names, values: Values) -> bool:
    return True


@cache
def condition(expression: str) -> Compiled:
    """Return a compiled condition expression."""
    reader = _Reader(expression)
    asked = reader.alternatives()
    reader.end()
    return Compiled(asked, (), frozenset(reader.placeholders), frozenset(reader.bare_names))


@cache
def update(expression: str) -> Compiled:
    """Return a compiled update expression."""
    reader = _Reader(expression)
    assignments = reader.clauses()
    reader.end()
    placeholders, bare_names = frozenset(reader.placeholders), frozenset(reader.bare_names)
    return Compiled(_true, tuple(assignments), placeholders, bare_names)


@dataclass
class _Reader:
    """Reads one expression from left to right."""

    expression: str
    tokens: list[str] = field(init=False)
    at: int = 0
    placeholders: set[str] = field(default_factory=set)
    bare_names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tokens = TOKENS.findall(self.expression)
        if "".join(self.tokens) != re.sub(r"\s", "", self.expression):
            raise BadExpression(f"Syntax error in {self.expression!r}.")

    def next_is(self, *words: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].upper() in words

    def take(self) -> str:
        if self.at == len(self.tokens):
            raise BadExpression(f"Unexpected end of {self.expression!r}.")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, word: str) -> None:
        if (got := self.take()) != word:
            raise BadExpression(f"Expected {word!r} in {self.expression!r}, got {got!r}.")

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise BadExpression(f"Syntax error at {self.tokens[self.at]!r}.")

    def alternatives(self) -> Condition:
        asked = [self.conjunction()]
        while self.next_is("OR"):
            self.take()
            asked.append(self.conjunction())
        return _any_of(asked) if len(asked) > 1 else asked[0]

    def conjunction(self) -> Condition:
        asked = [self.negation()]
        while self.next_is("AND"):
            self.take()
            asked.append(self.negation())
        return _all_of(asked) if len(asked) > 1 else asked[0]

    def negation(self) -> Condition:
        if self.next_is("NOT"):
            self.take()
            return _not(self.negation())
        if self.next_is("("):
            self.take()
            inner = self.alternatives()
            self.expect(")")
            return inner
        return self.test()

    def test(self) -> Condition:
        if self.next_is("ATTRIBUTE_EXISTS", "ATTRIBUTE_NOT_EXISTS"):
            is_there = self.take() == "attribute_exists"
            self.expect("(")
            name = self.name()
            self.expect(")")
            return lambda item, names, values: (name(names) in item) is is_there
        left = self.operand()
        operator = self.take()
        if operator not in COMPARISONS:
            raise BadExpression(f"Expected a comparison, got {operator!r}.")
        return _comparison(COMPARISONS[operator], left, self.operand())

    def clauses(self) -> list[Assignment]:
        assignments: list[Assignment] = []
        seen = set()
        while self.next_is(*CLAUSES):
            clause = self.take().upper()
            if clause in seen:
                raise BadExpression(f'The "{clause}" section can only be used once.')
            seen.add(clause)
            assignments.append(self.assignment(clause))
            while self.next_is(","):
                self.take()
                assignments.append(self.assignment(clause))
        if not assignments:
            raise BadExpression(f"Expected SET, REMOVE, ADD or DELETE in {self.expression!r}.")
        return assignments

    def assignment(self, clause: str) -> Assignment:
        name = self.name()
        if clause == "REMOVE":
            return Assignment(clause, name, lambda item, names, values: None)
        if clause == "SET":
            self.expect("=")
            return Assignment(clause, name, self.sum())
        return Assignment(clause, name, self.value())

    def sum(self) -> Operand:
        left = self.operand()
        if not self.next_is("+", "-"):
            return left
        sign = 1 if self.take() == "+" else -1
        return _sum(left, self.operand(), sign)

    def operand(self) -> Operand:
        if self.next_is("IF_NOT_EXISTS"):
            self.take()
            self.expect("(")
            name = self.name()
            self.expect(",")
            otherwise = self.operand()
            self.expect(")")
            return lambda item, names, values: (
                item.get(name(names)) or otherwise(item, names, values)
            )
        if self.at < len(self.tokens) and self.tokens[self.at].startswith(":"):
            return self.value()
        name = self.name()
        return lambda item, names, values: item.get(name(names))

    def value(self) -> Operand:
        placeholder = self.take()
        if not placeholder.startswith(":"):
            raise BadExpression(f"Expected a value, got {placeholder!r}.")
        self.placeholders.add(placeholder)
        return lambda item, names, values: values[placeholder]

    def name(self) -> Name:
        word = self.take()
        if word.startswith("#"):
            self.placeholders.add(word)
            return lambda names: names[word]
        if not word[0].isalpha() or self.next_is("("):
            raise BadExpression(f"Expected a name or a function that we know, got {word!r}.")
        self.bare_names.add(word)
        return lambda names: word


def _any_of(asked: list[Condition]) -> Condition:
    return lambda item, names, values: any(each(item, names, values) for each in asked)


def _all_of(asked: list[Condition]) -> Condition:
    return lambda item, names, values: all(each(item, names, values) for each in asked)


def _not(asked: Condition) -> Condition:
    return lambda item, names, values: not asked(item, names, values)


def _equal(left: Attribute | None, right: Attribute | None) -> bool:
    return left is not None and right is not None and comparable(left) == comparable(right)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    """Return a comparison of numbers or strings; false for other types and missing values."""

    def compare(left: Attribute | None, right: Attribute | None) -> bool:
        if left is None or right is None:
            return False
        (kind, mine), (other_kind, others) = comparable(left), comparable(right)
        return kind == other_kind and kind in ("N", "S") and holds(mine, others)

    return compare


COMPARISONS: Mapping[str, Callable[..., bool]] = {
    "=": _equal,
    # True for a missing attribute; every other comparison is false for one.
    "<>": lambda left, right: not _equal(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
}


def _comparison(compare: Callable[..., bool], left: Operand, right: Operand) -> Condition:
    return lambda item, names, values: compare(
        left(item, names, values), right(item, names, values)
    )


def _sum(left: Operand, right: Operand, sign: int) -> Operand:
    def add(item: Item, names: Names, values: Values) -> Attribute:
        terms = (left(item, names, values), right(item, names, values))
        if any(term is None or "N" not in term for term in terms):
            raise BadExpression("The update needs numbers that are there.")
        first, second = (Decimal(term["N"]) for term in terms if term)
        return {"N": plain(first + sign * second)}

    return add


def comparable(attribute: Attribute) -> tuple[str, Any]:
    """Return an attribute's type and its value, by which it compares as in DynamoDB."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return kind, Decimal(value)
    if kind == "S":
        return kind, value.encode()
    return (kind, frozenset(value)) if kind.endswith("S") else (kind, value)


def plain(number: Decimal) -> str:
    """Return a number in the form that DynamoDB returns: `1000600.0` is `1000600`."""
    return f"{number.normalize():f}"
