"""The table in README.md: every case has a test or a reason, and both agree."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

TESTS = Path(__file__).parent.parent
TABLE = Path(__file__).parent / "README.md"
NUMBERS = range(1, 68)
WAITS = "waits: "
MISTAKES = "## What other image services got wrong"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a case, what shows it, and why the rest of it waits."""

    number: int
    outcome: str
    tests: tuple[str, ...]
    reason: str


def rows() -> list[Row]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [_row(*each) for each in cells if each[0].isdigit()]


def _row(number: str, _fault: str, outcome: str, shown: str) -> Row:
    parts = [part.strip() for part in shown.split("<br>")]
    tests = tuple(part.strip("`") for part in parts if part.startswith("`"))
    reason = " ".join(part.removeprefix(WAITS) for part in parts if part.startswith(WAITS))
    assert len(parts) == len(tests) + bool(reason), f"case {number}: {shown}"
    return Row(int(number), outcome, tests, reason)


def mistakes() -> Mapping[str, tuple[list[str], list[int]]]:
    """Return the tests and the cases that show each mistake of others."""
    _, _, text = TABLE.read_text(encoding="utf-8").partition(MISTAKES)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {
        mistake: (
            re.findall(r"`([a-z/0-9_]+\.py::\w+)`", shown),
            [int(number) for number in re.findall(r"(?:cases?|and) (\d+)", shown)],
        )
        for mistake, shown in cells
    }


def cases_of_tests() -> Mapping[str, set[int]]:
    """Return the case numbers of every test in this folder, by its place."""
    files = Path(__file__).parent.glob("test_*.py")
    return dict(chain.from_iterable(_cases_in(file) for file in files))


def _cases_in(file: Path) -> Iterator[tuple[str, set[int]]]:
    for each in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
            calls = [
                decorator for decorator in each.decorator_list if isinstance(decorator, ast.Call)
            ]
            cases = [
                decorator.args
                for decorator in calls
                if ast.unparse(decorator.func) == "pytest.mark.case"
            ]
            numbers = {ast.literal_eval(number) for args in cases for number in args}
            yield f"faults/{file.name}::{each.name}", numbers


def exists(place: str) -> bool:
    path, _, name = place.partition("::")
    file = TESTS / path
    return file.is_file() and f"\ndef {name}(" in file.read_text(encoding="utf-8")


def test_every_case_has_a_test_or_a_reason() -> None:
    table = rows()

    assert [row.number for row in table] == list(NUMBERS)
    assert [row.number for row in table if not row.outcome] == []
    assert [row.number for row in table if not (row.tests or row.reason)] == []


def test_every_test_that_the_table_names_exists() -> None:
    named = [place for row in rows() for place in row.tests]

    assert [place for place in named if not exists(place)] == []


def test_each_of_the_twenty_five_mistakes_of_others_has_a_test() -> None:
    table = mistakes()

    assert len(table) == 25
    for mistake, (tests, cases) in table.items():
        assert tests or cases, mistake
        assert [place for place in tests if not exists(place)] == [], mistake
        assert set(cases) <= set(NUMBERS), mistake


def test_the_table_and_the_case_markers_agree() -> None:
    by_test = cases_of_tests()
    in_tests = {(place, number) for place, numbers in by_test.items() for number in numbers}
    in_table = {(place, row.number) for row in rows() for place in row.tests if place in by_test}

    assert in_tests == in_table
