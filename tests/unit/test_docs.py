import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from scripts.pixfleet.cli import COMMANDS, GROUPS
from scripts.pixfleet.plan.schema import recipes_schema
from shared.model.errors import Cause
from shared.model.recipe import Watermark
from shared.model.recipe_reader import read_recipes
from shared.model.versions import WORKER_VERSION
from shared.settings import read_settings
from tests.support.recipes import recipe, recipe_document

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `PIXFLEET_(\w+)` \| (.*?) \|", re.MULTILINE)
REQUIRED = (
    "FLEET",
    "SOURCES_BUCKET",
    "VARIANTS_BUCKET",
    "LEDGER_TABLE",
    "DEAD_LETTER_QUEUE",
    "RECIPES",
)


class Recorded(Mapping[str, str]):
    """An environment that records which variables are read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def documented() -> dict[str, str]:
    return dict(ROW.findall((ROOT / "docs" / "settings.md").read_text()))


def minimal() -> dict[str, str]:
    return {f"PIXFLEET_{name}": name.lower() for name in REQUIRED}


def test_the_settings_page_lists_exactly_what_is_read() -> None:
    environment = Recorded(minimal())

    read_settings(environment)

    asked = {name.removeprefix("PIXFLEET_") for name in environment.asked if "PIXFLEET" in name}
    assert asked == set(documented())


def test_the_settings_page_shows_the_defaults() -> None:
    written = {
        f"PIXFLEET_{name}": default.strip("`")
        for name, default in documented().items()
        if default.startswith("`")
    }

    explicit = read_settings({**minimal(), **written})

    assert len(written) >= 9
    assert explicit == read_settings(minimal())


def test_the_settings_page_names_the_required_variables() -> None:
    required = {name for name, default in documented().items() if default == "required"}

    assert required == set(REQUIRED)


def test_the_runbook_describes_every_cause() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()

    assert {cause for cause in Cause if f"`{cause}`" not in text} == set()


def test_the_recipes_page_shows_a_valid_recipe() -> None:
    (block,) = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs" / "recipes.md").read_text(), re.DOTALL
    )

    recipe_set = read_recipes(yaml.safe_load(block))

    assert len(recipe_set.recipes[0].variants) == 6


def test_the_recipes_page_lists_every_field() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text()
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    listed = {name.partition(".")[0] for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    schema = json.loads(json.dumps(recipes_schema()))
    fields = schema["properties"]["recipes"]["items"]["properties"]

    assert fields.keys() - listed == set()


def test_the_page_of_the_command_line_has_a_section_for_every_command() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()

    sections = re.findall(r"^## pixfleet (\S+)$", text, re.MULTILINE)
    assert sorted(sections) == sorted([*COMMANDS, *GROUPS])


def test_every_single_field_on_the_recipes_page_is_read() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text()
    shown = re.findall(r"```text\n((?:animation|watermark): .*?)```", text, re.DOTALL)

    fields = {name: value for block in shown for name, value in yaml.safe_load(block).items()}

    (made,) = read_recipes(recipe_document(recipe(**fields))).recipes
    assert fields.keys() == {"animation", "watermark"}
    assert made.caps is not None
    assert made.watermark == Watermark(fields["watermark"]["key"])  # the defaults it tells of


def test_dead_letters_name_the_version_that_is_packaged() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["version"] == WORKER_VERSION
