"""The tables and examples of docs/urls.md, which name themselves in comments."""

import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "urls.md"


def table(name: str) -> Sequence[Sequence[str]]:
    """Return the cells of a table's rows, without backticks and without its heading."""
    _, _, rows = _after(f"<!-- table: {name} -->\n").split("\n\n")[0].partition("\n|---")
    lines = rows.splitlines()[1:]
    assert lines, name
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


def example(name: str) -> str:
    """Return the code of an example."""
    found = re.match(r"```\w+\n(.*?)```\n", _after(f"<!-- example: {name} -->\n"), re.DOTALL)
    assert found, name
    return found[1]


def _after(comment: str) -> str:
    _, found, text = PAGE.read_text(encoding="utf-8").partition(comment)
    assert found, comment
    return text
