"""The tests exist that SECURITY.md, imaging/README.md and docs/recovery.md name."""

import re
from pathlib import Path

import pytest

from tests.support.named_tests import exists, rows

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = PAGE[PAGE.index("## What holds each promise") : PAGE.index("## What we do not defend")]
KINDS = (ROOT / "tests/imaging/README.md").read_text(encoding="utf-8")
RECOVERY = (ROOT / "docs/recovery.md").read_text(encoding="utf-8").partition("MiniStack")[0]
TABLES = {
    "promises": (PROMISES, 80),
    "kinds of pictures": (KINDS, 50),
    "disasters": (RECOVERY, 6),
}


@pytest.mark.parametrize(("text", "least"), TABLES.values(), ids=TABLES.keys())
def test_a_table_has_each_row_once(text: str, least: int) -> None:
    named = [first for first, _ in rows(text)]

    assert len(named) >= least
    assert len(named) == len(set(named))


@pytest.mark.parametrize("text", [text for text, _ in TABLES.values()], ids=TABLES.keys())
def test_each_row_names_a_test(text: str) -> None:
    lines = re.findall(r"^\| .*\|$", text, re.MULTILINE)
    headings = re.findall(r"^\|(?:---\|)+$", text, re.MULTILINE)

    assert len(list(rows(text))) == len(lines) - len(headings)


@pytest.mark.parametrize("text", [text for text, _ in TABLES.values()], ids=TABLES.keys())
def test_the_named_tests_exist(text: str) -> None:
    missing = [name for _, names in rows(text) for name in names if not exists(name)]

    assert missing == []


def test_a_name_without_a_test_is_found() -> None:
    assert exists("unit/test_named_tests.py::test_a_name_without_a_test_is_found")
    assert exists("unit/test_named_tests.py")
    assert not exists("unit/test_named_tests.py::test_something_else")
    assert not exists("unit/test_no_such_file.py::test_something_else")
    assert not exists("support/named_tests.py::exists")


def test_the_page_says_what_is_not_promised() -> None:
    end = PAGE[PAGE.index("## What we do not defend against") :]

    assert "lies about the picture" in end
