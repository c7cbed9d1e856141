"""The demo's page about docs/clients, opened from a file as its readers do."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from scripts.demo.clients import clients_page
from scripts.pixfleet.page.card import Card
from scripts.pixfleet.page.files import SUFFIXES
from scripts.pixfleet.page.rows import ImageRow
from tests.browser.chromium import Chromium
from tests.browser.published import published
from tests.browser.window import Window
from tests.support.images import detail, saved

pytestmark = pytest.mark.imaging

SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
SECTIONS = ("img", "picture", "next", "unpic", "element")
# A key of characters that Python, JavaScript and HTML write in different ways.
KEYS = {"a, b (1)!.jpg": "JPEG", "<b>ü&amp; 100%25.png": "PNG"}
PENDING_AND_REJECTED = 2


@pytest.fixture(name="page")
def _page(tmp_path: Path) -> str:
    """Return the URL of the page, whose pictures are beside it."""
    cards: list[Card] = []
    manifests: dict[str, bytes] = {}
    for number, (key, format_name) in enumerate(KEYS.items()):
        picture = detail((800, 500))
        if format_name == "PNG":
            picture = picture.convert("RGBA")
            picture.putalpha(Image.linear_gradient("L").resize(picture.size))
        manifest, files = published(key, saved(picture, format_name))
        links = {}
        for each in manifest.variants:
            links[each.name, each.slot] = f"{number}-{each.label}{SUFFIXES[each.type]}"
            (tmp_path / links[each.name, each.slot]).write_bytes(files[each.url])
        cards.append(Card(ImageRow(manifest, 1, 1), None, links))
        manifests[key] = files[f"/{quote(key)}?format=manifest"]
    html = clients_page(cards, manifests.__getitem__)
    assert html
    (tmp_path / "clients.html").write_text(html, encoding="utf-8")
    return (tmp_path / "clients.html").as_uri()


@pytest.mark.parametrize("width", [400, 1280])
def test_each_file_shows_each_picture(page: str, width: int) -> None:
    with Chromium() as chromium:
        window = Window(chromium)
        window.open(page, width=width)
        expected = len(SECTIONS) * len(KEYS) + 1  # one more for the picture that was pending
        window.wait(
            "scrollTo(0, scrollY + 400), [...document.images].filter(each => each.naturalWidth)"
            f".length === {expected}"
        )
        if SCREENSHOTS:
            window.screenshot().save(Path(SCREENSHOTS, f"clients-{width}.png"))

        captions = "[...document.querySelectorAll('#%s figcaption')].map(each => each.textContent)"
        for section in SECTIONS[:-1]:
            assert window.value(captions % section) == list(KEYS)
        assert len(window.value(captions % "element")) == len(KEYS) + PENDING_AND_REJECTED
        (said,) = window.value("window.errors")
        assert "rejected.jpg" in said
        assert window.value("document.documentElement.scrollWidth") <= width
        window.close()


def test_a_run_without_a_ladder_has_no_such_page() -> None:
    assert clients_page([], lambda key: key.encode()) is None
