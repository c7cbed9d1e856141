"""Each promise of SECURITY.md names tests that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## What holds each promise") : PAGE.index("## What we do not defend")]
ROW = re.compile(r"^\| (?P<promise>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
MIN_PROMISES = 80


def promises() -> Iterator[tuple[str, list[str]]]:
    """Yield each promise with its tests."""
    for row in ROW.finditer(SECTION):
        if row["promise"] != "promise":
            yield row["promise"], re.findall(r"`([^`]+)`", row["tests"])


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_table_has_every_promise_once() -> None:
    named = [promise for promise, _ in promises()]

    assert len(named) >= MIN_PROMISES
    assert len(named) == len(set(named))


@pytest.mark.parametrize(("promise", "tests"), list(promises()))
def test_the_tests_of_a_promise_exist(promise: str, tests: list[str]) -> None:
    assert tests, promise
    for test in tests:
        file, _, name = test.partition("::")
        path = ROOT / "tests" / file
        assert path.is_file(), file
        assert path.name.startswith("test_")
        assert not name or name in functions_of(path), test


def test_the_page_says_what_is_not_promised() -> None:
    end = PAGE[PAGE.index("## What we do not defend against") :]

    assert "lies about the picture" in end
