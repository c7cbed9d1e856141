"""The pages link to each other, and name files and tests that exist."""

import functools
import re
from pathlib import Path

import pytest

from tests.support.markdown import anchors, links

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
INDEX = DOCS / "index.md"
ENTRANCES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")
PAGES = sorted([*(ROOT / name for name in ENTRANCES), *DOCS.rglob("*.md")])
# A path from the root of the repository, in backticks.
PATH = re.compile(r"`((?:docs|scripts|shared|terraform|tests|worker|\.github)/[\w./-]*)`")
TEST = re.compile(r"`(test_\w+)`")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def is_relative(target: str) -> bool:
    return not re.match(r"[a-z]+:", target)


def is_broken(page: Path, target: str) -> bool:
    """Return whether a relative link leads to no file, or to no heading of its page."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.is_relative_to(ROOT) or not file.exists():
        return True
    return bool(anchor) and anchor not in anchors(file.read_text())


@functools.cache
def source_of_tests() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    targets = [target for target in links(page.read_text()) if is_relative(target)]

    assert [target for target in targets if is_broken(page, target)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    paths = PATH.findall(page.read_text())

    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    names = TEST.findall(page.read_text())

    assert [name for name in names if f"def {name}(" not in source_of_tests()] == []


def test_the_index_lists_every_page() -> None:
    listed = {(DOCS / target.partition("#")[0]).resolve() for target in links(INDEX.read_text())}

    assert {*DOCS.glob("*.md"), DOCS / "decisions" / "README.md"} - listed == {INDEX}


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_the_entrances_link_the_index(name: str) -> None:
    assert "docs/index.md" in links((ROOT / name).read_text())


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("docs/cli.md#pixfleet-why", False, id="a heading of a page"),
        pytest.param("docs/cli.md#pixfleet-nothing", True, id="no heading of a page"),
        pytest.param("docs/nothing.md", True, id="no file"),
        pytest.param("../elsewhere.md", True, id="outside the repository"),
        pytest.param("#try-it", False, id="a heading of the page itself"),
        pytest.param("#nothing", True, id="no heading of the page itself"),
    ],
)
def test_a_broken_link_is_found(target: str, *, expected: bool) -> None:
    assert is_broken(ROOT / "README.md", target) == expected


def test_a_heading_in_a_code_block_is_no_anchor() -> None:
    assert anchors("# One\n```sh\n# two\n```\n## It's `three`!\n") == {"one", "its-three"}
