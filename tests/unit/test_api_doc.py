"""docs/api.md names every route, problem, type and setting, with the defaults of the code."""

import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from shared.model.errors import Misconfigured
from tests.support.recipes import ROOT
from worker.api.local import read_local_settings
from worker.api.problems import Problem
from worker.api.routes import ROUTES
from worker.api.settings import read_api_settings
from worker.api.uploads.terms import TYPES

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `PIXFLEET_(\w+)` \| (.*?) \|", re.MULTILINE)
VALUES = {"RECIPES": "s3://variants/recipes.json"}


class Recorded(Mapping[str, str]):
    """An environment that records which variables were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name.removeprefix("PIXFLEET_"))
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def documented() -> dict[str, str]:
    return dict(ROW.findall(PAGE))


def required() -> dict[str, str]:
    return {
        f"PIXFLEET_{name}": VALUES.get(name, name.lower())
        for name, default in documented().items()
        if default == "required"
    }


def test_the_page_lists_every_route_once() -> None:
    listed = re.findall(r"^\| `([A-Z]+ /v1\S*)` \|", PAGE, re.MULTILINE)

    assert listed == [f"{route.method} {route.path}" for route in ROUTES]


def test_the_page_lists_every_problem_with_its_status() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE)

    kinds = Problem.__subclasses__()
    assert sorted(listed) == sorted((kind.name, str(int(kind.status))) for kind in kinds)


def test_the_page_lists_every_type() -> None:
    assert f"one of {', '.join(TYPES)} |" in PAGE


def test_the_page_lists_every_setting() -> None:
    environment = Recorded(required())

    read_api_settings(environment)
    read_local_settings(environment)

    assert environment.asked == set(documented())


def test_the_page_shows_defaults_and_required_variables() -> None:
    written = {
        f"PIXFLEET_{name}": default.strip("`")
        for name, default in documented().items()
        if default.startswith("`")
    }

    for read in (read_api_settings, read_local_settings):
        assert read({**required(), **written}) == read(required())


@pytest.mark.parametrize("read", [read_api_settings, read_local_settings])
def test_the_page_names_the_required_variables(read: Callable[[Recorded], object]) -> None:
    environment = Recorded({})

    with pytest.raises(Misconfigured) as caught:
        read(environment)

    missing = {each.partition(":")[0] for each in caught.value.problems}
    assert missing == {f"PIXFLEET_{name}" for name in environment.asked} & set(required())


def test_the_examples_in_python_compile() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    assert len(blocks) == 2
    for block in blocks:
        compile(block, "docs/api.md", "exec")
