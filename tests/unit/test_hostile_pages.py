"""Keys and ledger texts that are HTML, on every page."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from scripts.demo.gallery import gallery
from scripts.pixfleet.image.show import PageInput, write_page
from scripts.pixfleet.page.card import Card, DeadCard
from scripts.pixfleet.page.rows import ImageRow
from scripts.pixfleet.page.snippet import picture
from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.manifest import Manifest
from shared.model.recipe import Slot
from tests.support.demo_figures import dead_letter, report, row, variant
from tests.support.html_page import HtmlPage

pytestmark = pytest.mark.unit

HARMLESS = "a.jpg"
HOSTILE = "<img src=x onerror=alert(1)>\"'&.jpg"


def hostile_row(text: str) -> ImageRow:
    variants = tuple(
        replace(variant(text, slot, 640, 3, codec="webp"), url=f"/{text}") for slot in Slot
    )
    return row(text, variants)


def gallery_page(text: str, _: Path) -> str:
    image = hostile_row(text)
    links = {(each.name, each.slot): text for each in image.variants}
    dead = dead_letter(text, text, text)
    return gallery(report(image, dead=(dead,)), [Card(image, text, links)], [DeadCard(dead, text)])


@dataclass
class Variants:
    """The variants of one image."""

    image: ImageRow

    def manifest(self, _key: str) -> Manifest:
        return self.image.manifest

    def variant(self, _key: str, _name: str, _slot: Slot) -> tuple[str, bytes]:
        return "image/webp", b"..."


class S3:
    """A bucket of one JPEG."""

    def download_fileobj(self, _bucket: str, _key: str, file: IO[bytes]) -> None:
        file.write(b"\xff\xd8\xff\xe0")


def written_page(text: str, folder: Path, status: str) -> str:
    entry = Entry(status, recipe=text, version=text, cause=text, stage=text, detail=text)
    s3: Any = S3()
    variants: Any = Variants(hostile_row(text))
    return write_page(s3, variants, "sources", PageInput(text, entry, folder)).read_text()


def snippet(text: str, _: Path) -> str:
    return picture(hostile_row(text).manifest, text, text)


PAGES = pytest.mark.parametrize(
    "write",
    [
        pytest.param(gallery_page, id="gallery"),
        pytest.param(partial(written_page, status=PUBLISHED), id="show, published"),
        pytest.param(partial(written_page, status=REJECTED), id="show, rejected"),
        pytest.param(snippet, id="urls"),
    ],
)


@PAGES
def test_text_that_is_html_adds_no_tag_and_no_attribute(
    write: Callable[[str, Path], str], tmp_path: Path
) -> None:
    harmless = HtmlPage(write(HARMLESS, tmp_path))

    html = write(HOSTILE, tmp_path)

    hostile = HtmlPage(html)
    assert hostile.shape() == harmless.shape()
    assert HOSTILE not in html
    shown = [hostile.text, *(value for _, values in hostile.tags for value in values.values())]
    assert any(HOSTILE in each for each in shown)


@PAGES
def test_text_that_cannot_be_seen_is_an_escape_sequence_on_every_page(
    write: Callable[[str, Path], str], tmp_path: Path
) -> None:
    html = write("a\n\x1b[2K\u202e\u2066\u200bb.jpg", tmp_path)

    assert all(line.isprintable() for line in html.split("\n"))
    assert HtmlPage(html).shape() == HtmlPage(write(HARMLESS, tmp_path)).shape()


def test_the_page_of_one_source_is_titled_by_its_key(tmp_path: Path) -> None:
    html = written_page("cats/a.jpg", tmp_path, PUBLISHED)

    assert "<title>Pixfleet: cats/a.jpg: 3 variants</title>" in html
    assert "demo" not in html


def test_a_variants_name_is_no_path(tmp_path: Path) -> None:
    written_page("../../outside", tmp_path / "page", PUBLISHED)

    assert [path.name for path in tmp_path.iterdir()] == ["page"]
    assert not list(tmp_path.rglob("*outside*.*"))
