"""The files of docs/clients, in Node: what they ask for is what the edge serves."""

import gzip
import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from scripts.pixfleet.page import snippet
from shared.model.codec import Codec
from shared.model.manifest import (
    Manifest,
    SourceFacts,
    StoredVariant,
    read_manifest,
    write_manifest,
)
from shared.model.recipe import Slot
from shared.model.source import Source
from tests.support.clients import CLIENTS, WRITTEN_BASE, copy_clients, run_module
from tests.support.edge_cases import RECIPE_SETS
from tests.terraform.edge import outcome_of, request_code, request_event
from tests.terraform.edge_engines import EdgeEngine, answer_to
from tests.terraform.edge_model import EdgeRequest

pytestmark = pytest.mark.terraform

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SHIPPED = RECIPE_SETS["shipped"]
WIDTHS = (320, 640, 960, 1280, 1920)
KEYS = (
    "photos/cat.jpg",
    "two words + 100 %.jpg",
    "café/#1?(ü).jpg",
    "a, b, c.jpg",
    "/slash first.jpg",
    "quote\"<b>'&amp;.jpg",
)
# What people type: a path instead of a key. A key that begins with a slash has one more.
WRITTEN = {key: f"/{key}" for key in KEYS}
# What encodeURIComponent leaves as it is, and the slash between segments.
UNCHANGED = "/!'()*"
MOST_BYTES_OF_THE_ELEMENT = 3 * 1024


class Elements(HTMLParser):
    """The elements of HTML with their attributes, unescaped."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Mapping[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clients")
    copy_clients(folder)
    return folder


def served(engine: EdgeEngine, url: str) -> str | tuple[int, str]:
    """Return the stored path, or the status and text of a refusal."""
    assert url.startswith(f"{WRITTEN_BASE}/"), url
    address = urlsplit(url)
    event = request_event(EdgeRequest(address.path, parse_qs(address.query), CHROME))
    answer: str | tuple[int, str] = outcome_of(answer_to(engine, request_code(SHIPPED), event))
    return answer


def names(engine: EdgeEngine, urls: Sequence[str]) -> list[str]:
    return [str(served(engine, url)).rpartition("/")[2] for url in urls]


@pytest.mark.parametrize("written", [KEYS, tuple(WRITTEN.values())], ids=["key", "path"])
def test_a_url_is_of_its_key(engine: EdgeEngine, folder: Path, written: Sequence[str]) -> None:
    if written == KEYS:
        written = ["//slash first.jpg" if key.startswith("/") else key for key in KEYS]
    module = (
        f"import {{url}} from './pixfleet.js';show({json.dumps(list(written))}.map(k => url(k)))"
    )

    urls = run_module(folder, module)

    expected = [
        f"{WRITTEN_BASE}/{quote(key[:1], safe='')}{quote(key[1:], safe=UNCHANGED)}" for key in KEYS
    ]
    assert urls == expected
    assert names(engine, urls) == ["w1920.avif"] * len(KEYS)


def test_an_img_asks_for_the_rung_of_each_width(engine: EdgeEngine, folder: Path) -> None:
    options = {"alt": 'A "cat" & <i>', "width": 1600, "height": 1000, "sizes": "50vw"}

    html = run_module(
        folder,
        f"import {{img}} from './pixfleet.js';show({json.dumps(KEYS)}.map(k => img(k, "
        f"{json.dumps(options)})))",
    )

    for each in html:
        ((tag, found),) = Elements(each).found
        assert tag == "img"
        assert {name: found[name] for name in ("alt", "sizes", "width", "height")} == {
            name: str(value) for name, value in options.items()
        }
        candidates = [one.split(" ") for one in str(found["srcset"]).split(", ")]
        assert [width for _, width in candidates] == [f"{width}w" for width in WIDTHS]
        assert names(engine, [url for url, _ in candidates]) == [
            f"w{width}.avif" for width in WIDTHS
        ]


def test_a_picture_is_that_of_the_command(folder: Path) -> None:
    manifest, data = a_manifest()

    found = Elements(
        run_module(
            folder,
            f"import {{picture}} from './pixfleet.js';const manifest = {data};"
            "show(picture(manifest, {alt: 'A cat', sizes: '50vw'}))",
        )
    ).found
    expected = Elements(snippet.picture(manifest, WRITTEN_BASE, "50vw")).found

    assert (
        [tag for tag, _ in found]
        == [tag for tag, _ in expected]
        == [
            "picture",
            "source",
            "source",
            "img",
        ]
    )
    for (_, ours), (_, theirs) in zip(found, expected, strict=True):
        for name in ("type", "srcset", "sizes", "src"):
            assert ours.get(name) == theirs.get(name)


@pytest.mark.parametrize("slots", [(Slot.WEBP,), (Slot.AVIF, Slot.WEBP)])
def test_the_last_slot_is_for_all_other_browsers(folder: Path, slots: Sequence[Slot]) -> None:
    _, data = a_manifest(slots)

    html = run_module(
        folder,
        f"import {{picture}} from './pixfleet.js';show(picture({data}, {{alt: ''}}))",
    )

    *_, (tag, image) = Elements(html).found
    assert (tag, len(Elements(html).found)) == ("img", 1 + len(slots))
    assert f"format={slots[-1]}" in str(image["srcset"])
    assert f"format={slots[-1]}" in str(image["src"])


def test_alternative_text_is_required(folder: Path) -> None:
    said = run_module(
        folder,
        "import {img} from './pixfleet.js';let said = '';"
        "try { img('cat.jpg', {width: 3, height: 2}) } catch (error) { said = error.message }"
        "show(said)",
    )

    assert "Expected alt" in said


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("url('')", "Expected the key of a source"),
        ("url('/')", "Expected the key of a source"),
        ("url(undefined)", "Expected the key of a source"),
        ("url(`${base}/photos/cat.jpg`)", "Expected a key, got an address"),
        ("picture({...manifest, variants: []}, {alt: ''})", "no variant of the whole picture"),
        ("picture({...manifest, schema: 2}, {alt: ''})", "schema 1, got 2"),
    ],
)
def test_what_would_be_a_broken_picture_is_an_error(folder: Path, call: str, words: str) -> None:
    _, data = a_manifest()

    said = run_module(
        folder,
        f"import {{base, picture, url}} from './pixfleet.js';const manifest = {data};"
        f"let said = ''; try {{ {call} }} catch (error) {{ said = error.message }} show(said)",
    )

    assert words in said


@pytest.mark.parametrize("key", KEYS[:3])
def test_the_loader_for_next_asks_for_the_rung_of_each_width(
    engine: EdgeEngine, folder: Path, key: str
) -> None:
    loads = [{"src": key, "width": width, "quality": 75} for width in WIDTHS]

    urls = run_module(
        folder,
        f"import loader from './next-loader.js';show({json.dumps(loads)}.map(loader))",
    )

    assert names(engine, urls) == [f"w{width}.avif" for width in WIDTHS]


@pytest.mark.parametrize(
    ("operations", "name"),
    [
        ({"width": 640, "height": 400, "quality": 40}, "w640.avif"),
        ({"width": "640"}, "w640.avif"),
        ({"width": 639.5}, "w640.avif"),
        ({"width": 640, "format": "webp"}, "w640.webp"),
        ({"width": 640, "format": "jpg"}, "w640.fallback"),
        ({"width": 640, "format": "jxl"}, "w640.avif"),
        ({"width": 640, "variant": "thumb"}, "thumb.avif"),
        ({}, "w1920.avif"),
    ],
)
def test_the_transformer_for_unpic(
    engine: EdgeEngine, folder: Path, operations: dict[str, Any], name: str
) -> None:
    url = run_module(
        folder,
        f"import {{transform}} from './unpic.js';"
        f"show(transform('photos/cat.jpg', {json.dumps(operations)}))",
    )

    assert names(engine, [url]) == [name]


def test_the_element_is_small() -> None:
    compressed = gzip.compress((CLIENTS / "pixfleet-image.js").read_bytes(), 9)

    assert len(compressed) <= MOST_BYTES_OF_THE_ELEMENT


def a_manifest(slots: Sequence[Slot] = tuple(Slot)) -> tuple[Manifest, str]:
    """Return the manifest of a source of 1,000 by 667 pixels, and its JSON."""
    recipe = SHIPPED.named("responsive")
    assert recipe
    stored = [
        StoredVariant(name, slot, Codec.WEBP, *box(name), 100)
        for name, slot in recipe.stored_names()
        if slot in slots
    ]
    facts = SourceFacts("jpeg", 1000, 667, frames=1, has_alpha=False)
    data = write_manifest(Source("a, b.jpg", "e", 1), recipe, facts, stored, None)
    return read_manifest(data), data.decode()


def box(name: str) -> tuple[int, int]:
    """Return the size of a variant of that source."""
    if name == "thumb":
        return 300, 300
    width = min(int(name[1:]), 1000)
    return width, round(width * 667 / 1000)
