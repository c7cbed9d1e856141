"""What docs/urls.md says of other services' parameters, and its examples, in JavaScript."""

import json
import subprocess
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scripts.pixfleet.page.snippet import srcsets
from shared.model.codec import Codec
from shared.model.manifest import SourceFacts, StoredVariant, read_manifest, write_manifest
from shared.model.recipe import Slot
from shared.model.source import Source
from tests.support.edge_cases import RECIPE_SETS
from tests.support.urls_page import example, table
from tests.terraform.edge import outcome_of, request_code, request_event
from tests.terraform.edge_engines import EdgeEngine, answer_to
from tests.terraform.edge_model import PARAMETERS, EdgeRequest

pytestmark = pytest.mark.terraform

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
BASE = "https://img.example.com"
SHIPPED = RECIPE_SETS["shipped"]
WIDTHS = (320, 640, 960, 1280, 1920)


def served(engine: EdgeEngine, url: str) -> str | tuple[int, str]:
    """Return the stored path, or the status and text of a refusal."""
    address = urlsplit(url)
    event = request_event(EdgeRequest(address.path, parse_qs(address.query), CHROME))
    answer: str | tuple[int, str] = outcome_of(answer_to(engine, request_code(SHIPPED), event))
    return answer


def test_the_page_lists_every_parameter_of_the_edge() -> None:
    assert [row[0] for row in table("parameters")] == list(PARAMETERS)


@pytest.mark.parametrize("row", table("others"), ids=lambda row: f"{row[0]}: {row[1]}")
def test_parameters_of_other_services_do_what_the_page_says(
    engine: EdgeEngine, row: list[str]
) -> None:
    *_, url, expected = row

    found = served(engine, url)

    if expected == "400":
        assert isinstance(found, tuple)
        assert found[0] == 400
        return
    assert isinstance(found, str)
    _, _, key_and_name = found.strip("/").partition("/")
    key, _, name = key_and_name.rpartition("/")
    if expected == "404":
        # The path is the key of a source that does not exist.
        assert f"/{key}" == urlsplit(url).path.replace(",", "%2C")
    else:
        assert (key, name) == ("cat.jpg", expected)


@pytest.mark.parametrize("key", ["photos/cat.jpg", "two words + 100 %.jpg", "café/#1?(ü).jpg"])
def test_the_loader_for_next_asks_for_the_rung_of_each_width(engine: EdgeEngine, key: str) -> None:
    loads = [{"src": key, "width": width, "quality": 75} for width in WIDTHS]

    urls = run(f"{example('loader')}\nshow({json.dumps(loads)}.map(pixfleetLoader));")

    names = []
    for url in urls:
        path = served(engine, url.removeprefix(BASE))
        assert isinstance(path, str)
        assert path == served(engine, f"{urlsplit(url).path}?{urlsplit(url).query}")
        names.append(path.rpartition("/")[2])
    assert all(url.startswith(f"{BASE}/") for url in urls)
    assert names == [f"w{width}.avif" for width in WIDTHS]


def test_the_srcset_of_the_page_is_that_of_the_command() -> None:
    recipe = SHIPPED.named("responsive")
    assert recipe
    stored = [
        StoredVariant(name, slot, Codec.WEBP, width, height, 100)
        for name, slot in recipe.stored_names()
        for width, height in [box(name)]
    ]
    facts = SourceFacts("jpeg", 1000, 667, frames=1, has_alpha=False)
    data = write_manifest(Source("a, b.jpg", "e", 1), recipe, facts, stored, None)

    (found,) = run(
        f"{example('srcset')}\nconst manifest = {data.decode()};\n"
        f"const of = slot => srcset(manifest, slot, '{BASE}');\n"
        "show([{avif: of('avif'), webp: of('webp'), fallback: of('fallback')}]);"
    )

    expected = srcsets(read_manifest(data), BASE)
    assert set(expected) == set(Slot)
    assert found == expected


def box(name: str) -> tuple[int, int]:
    """Return the size of a variant of a source of 1,000 by 667 pixels."""
    if name == "thumb":
        return 300, 300
    width = min(int(name[1:]), 1000)
    return width, round(width * 667 / 1000)


def run(module: str) -> list[Any]:
    """Run a module of JavaScript, and return what it gives to `show`."""
    shown = f"const show = value => console.log(JSON.stringify(value));\n{module}"
    done = subprocess.run(
        ["node", "--input-type=module"],  # noqa: S607 - found on PATH, as CI's is
        input=shown,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found
