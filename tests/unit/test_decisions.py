"""Each decision has a number, a date and a status, and is listed."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.support.markdown import links

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
HEADINGS = ["Context", "Decision", "Consequences"]
STATUS = re.compile(r"accepted|superseded by \[\d+\]\(\d{4}-[a-z0-9-]+\.md\)")
ROW = re.compile(r"^\| (\d+) \| \[(.+)\]\((.+)\) \| (.+) \| (.+) \|$", re.MULTILINE)


def fields(page: Path) -> tuple[str, str, str, str]:
    """Return number, title, date and status of a decision."""
    text = page.read_text()
    found = re.match(r"# (\d+)\. (.+)\n\n- Date: (.+)\n- Status: (.+)\n\n## ", text)
    assert found, f"Expected number, title, date and status at the beginning of {page.name}."
    number, title, day, status = found.groups()
    return number, title, day, status


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [(page.name[:5], fields(page)[0]) for page in PAGES]

    assert numbers == [(f"{number:04d}-", str(number)) for number in range(1, len(PAGES) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_a_date_a_status_and_its_parts(page: Path) -> None:
    _, _, day, status = fields(page)

    assert date.fromisoformat(day).isoformat() == day
    assert STATUS.fullmatch(status)
    assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == HEADINGS


def test_the_index_lists_every_decision_as_it_is() -> None:
    rows = ROW.findall((FOLDER / "README.md").read_text())

    found = [
        (number, title, page.name, *rest)
        for page in PAGES
        for number, title, *rest in [fields(page)]
    ]
    assert rows == found


def test_the_architecture_links_every_decision() -> None:
    linked = links((FOLDER.parents[1] / "ARCHITECTURE.md").read_text())

    assert {f"docs/decisions/{page.name}" for page in PAGES} <= set(linked)
