"""Tests that a table of a Markdown page names: `folder/test_file.py::test_name`."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\|(?P<first>[^|]+)\|(?:[^|]+\|)*?(?P<last>[^|]+)\|$", re.MULTILINE)
NAMED = re.compile(r"`([^`]+)`")


def rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the first cell of each row, and the names in its last cell; no heading is a row."""
    for row in ROW.finditer(text):
        names = NAMED.findall(row["last"])
        if names:
            yield row["first"].strip(), names


def exists(name: str) -> bool:
    """Return whether there is a test of this name, or a file of tests."""
    file, _, function = name.partition("::")
    path = TESTS / file
    is_file = path.is_file() and path.name.startswith("test_")
    return is_file and (not function or function in _functions(path))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
