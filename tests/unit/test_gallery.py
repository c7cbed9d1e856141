from dataclasses import replace
from pathlib import Path

import pytest

from scripts.demo.gallery import gallery
from scripts.pixfleet.page.card import Card, DeadCard, ladder
from scripts.pixfleet.page.files import PageFiles, SourceFile, safe_name
from scripts.pixfleet.page.placeholder import placeholder_style
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow, bytes_of
from shared.model.manifest import Placeholder
from shared.model.recipe import Slot
from shared.model.reductions import SlotLimit, Still
from tests.support.demo_figures import (
    AVIF,
    FALLBACK,
    LADDER,
    WEBP,
    dead_letter,
    report,
    row,
    variant,
)
from tests.support.html_page import HtmlPage

pytestmark = pytest.mark.unit

HOSTILE = "<img onerror=alert(1)>\"'&.jpg"


def shown(image: ImageRow, source: str | None = "variants/1/source.jpg") -> Card:
    links = {(v.name, v.slot): f"variants/1/{v.name}-{v.slot}.bin" for v in image.variants}
    return Card(image, source, links)


def page(*images: ImageRow, dead: tuple[DeadLetterRow, ...] = ()) -> HtmlPage:
    shown_dead = [DeadCard(each, "variants/dead/source.jpg") for each in dead]
    return HtmlPage(
        gallery(report(*images, dead=dead), [shown(each) for each in images], shown_dead)
    )


def test_a_hostile_key_is_escaped_everywhere() -> None:
    harmless = page(row(), dead=(dead_letter(),))

    hostile = page(row(HOSTILE), dead=(dead_letter(HOSTILE, HOSTILE, HOSTILE),))

    assert hostile.shape() == harmless.shape()
    assert hostile.text.count(HOSTILE) == 4
    assert HOSTILE in [image["alt"] for image in hostile.all("img")]


def test_a_key_is_not_read_as_a_template() -> None:
    key = "{{ 7 * 7 }} {% raw %} {# no #} $title.jpg"

    result = page(row(key))

    assert key in result.text


def test_every_variant_has_a_link_with_its_bytes_and_codec() -> None:
    result = page(row())

    opened = {link["href"]: link["data-label"] for link in result.all("a") if "data-label" in link}
    assert opened == {
        "variants/1/w320-avif.bin": "w320 AVIF, 10 kB",
        "variants/1/w320-webp.bin": "w320 WebP, 12 kB",
        "variants/1/w640-avif.bin": "w640 AVIF, 30 kB",
        "variants/1/w640-webp.bin": "w640 WebP, 40 kB",
        "variants/1/w640-fallback.bin": "w640 JPEG, 60 kB",
        "variants/1/thumb-avif.bin": "thumb AVIF, 9.0 kB",
    }


def test_a_slot_that_holds_another_codec_says_so() -> None:
    result = page(row(variants=(variant("w640", AVIF, 640, 10, codec="webp"),)))

    [link] = [link for link in result.all("a") if link.get("class") == "other"]
    assert link["title"] == "Open w640 in the avif slot: WebP"
    assert "the slot holds another codec" in result.text


def test_a_slot_over_a_limit_says_so() -> None:
    limited = replace(variant("w640", AVIF, 640, 10, codec="webp"), limit=SlotLimit.MEMORY)

    result = page(row(variants=(limited,)))

    assert "WebP, memory limit" in result.text
    assert "its own codec would need too much memory" in " ".join(result.text.split())
    assert "limit" not in page(row()).text


LAZY = (
    variant("w320", AVIF, 320, 10_000),
    variant("w320", WEBP, 320, None),
    variant("w640", AVIF, 640, 30_000),
    variant("w640", WEBP, 640, 40_000),
    variant("w1280", AVIF, 1280, None),
)


def test_lazy_variants_are_named_and_not_linked() -> None:
    result = page(row(variants=LAZY))

    opened = [link["href"] for link in result.all("a") if "data-label" in link]
    assert opened == [f"variants/1/{name}.bin" for name in ("w320-avif", "w640-avif", "w640-webp")]
    words = " ".join(result.text.split())
    assert "3 variants, 80 kB together" in words
    assert "Lazy: 2 variants of this image are made at the first request" in words
    assert "(w320.webp, w1280.avif)" in words
    assert "Lazy" not in page(row()).text


def test_lazy_variants_take_no_part_in_an_images_figures() -> None:
    lazy = row(variants=LAZY)

    assert (lazy.smallest.label, lazy.largest.label) == ("w320.avif", "w640.webp")
    assert (lazy.shown.label, lazy.total_bytes) == ("w640.avif", 80_000)
    assert lazy.saved == 0.75


def test_the_files_of_lazy_variants_are_not_read(tmp_path: Path) -> None:
    image = row(variants=LAZY)

    [card], problems = page_files(tmp_path, image).show([image])

    assert problems == ()
    assert {*card.links} == {("w320", AVIF), ("w640", AVIF), ("w640", WEBP)}


def test_an_animation_that_stands_still_has_a_badge() -> None:
    moving = row()
    stands = replace(moving, manifest=replace(moving.manifest, still=Still.FRAMES))

    [badge] = [each for each in page(stands).all("b") if each.get("class") == "badge"]

    assert badge["title"] == "Only the first frame is rendered: it has too many frames."
    assert not [each for each in page(moving).all("b") if each.get("class") == "badge"]


def test_rungs_of_a_long_picture_are_a_ladder_although_their_widths_are_rounded() -> None:
    sizes = {"w320": (320, 14_931), "w1280": (652, 30_400)}
    variants = tuple(
        replace(variant(name, AVIF, width, 10), height=height)
        for name, (width, height) in sizes.items()
    )

    assert [each.name for each in ladder(row(variants=variants))] == ["w320", "w1280"]


def test_picture_sources_are_in_order_of_slot_and_width() -> None:
    result = page(row())

    sources = result.all("source")
    assert [source["type"] for source in sources] == ["image/avif", "image/webp"]
    assert sources[0]["srcset"] == ("variants/1/w320-avif.bin 320w, variants/1/w640-avif.bin 640w")
    assert all(source["sizes"] for source in sources)


def test_the_fallback_image_has_a_size_so_that_the_layout_does_not_shift() -> None:
    result = page(row())

    [fallback] = [image for image in result.all("img") if "srcset" in image]
    assert fallback["src"] == "variants/1/w640-fallback.bin"
    assert (fallback["width"], fallback["height"]) == ("640", "427")
    assert fallback["alt"] == "cat.jpg"


def test_without_a_fallback_the_img_is_of_the_last_slot() -> None:
    result = page(row(variants=(variant("full", WEBP, 1200, 7),)))

    [image] = [image for image in result.all("img") if "srcset" in image]
    assert result.all("source") == []
    assert image["src"] == "variants/1/full-webp.bin"


def test_the_placeholder_is_the_background_of_the_picture() -> None:
    result = page(row())

    [picture] = result.all("picture")
    assert picture["style"] == (
        "background-color:#a1b2c3;background-image:url(data:image/webp;base64,UklGRg==)"
    )


@pytest.mark.parametrize(
    "placeholder",
    [
        Placeholder("data:image/webp;base64,UklGRg==", "red;position:fixed"),
        Placeholder("x", '#000000" onload="x'),
    ],
)
def test_a_placeholder_without_a_valid_colour_adds_no_css(placeholder: Placeholder) -> None:
    style = placeholder_style(placeholder)

    assert style == ""


def test_a_placeholder_without_a_data_uri_keeps_its_colour() -> None:
    style = placeholder_style(Placeholder("https://example.com/x)", "#a1b2c3"))

    assert style == "background-color:#a1b2c3"


def test_the_page_loads_nothing_from_elsewhere() -> None:
    result = page(row(), dead=(dead_letter(),))

    places = [
        value
        for _, attributes in result.tags
        for name, value in attributes.items()
        if name in {"href", "src", "srcset"}
    ]
    assert places
    assert all(
        place.startswith("variants/") or place in {"clients.html", "report.json"}
        for place in places
    )


def test_a_dead_letter_is_shown_with_its_cause_and_detail() -> None:
    result = page(row(), dead=(dead_letter(),))

    assert "cut.jpg" in result.text
    assert "truncated" in result.text
    assert "Ends early." in result.text


def test_images_beyond_those_shown_are_counted() -> None:
    run = report(row(), row("dog.jpg"), row("owl.jpg"))

    text = HtmlPage(gallery(run, [shown(row())], [])).text

    assert "2 more images" in text


def test_a_crop_is_not_a_rung_of_the_ladder() -> None:
    rungs = ladder(row())

    assert "thumb" not in {rung.name for rung in rungs}


def test_rungs_wider_than_the_source_are_offered_once() -> None:
    same = tuple(variant(name, AVIF, 720, 50) for name in ("w960", "w1280", "w1920"))

    rungs = ladder(row(variants=(variant("w640", AVIF, 640, 40), *same)))

    assert [rung.name for rung in rungs] == ["w640", "w960"]


class Bucket:
    """A variants bucket that matches one manifest."""

    def __init__(self, image: ImageRow) -> None:
        self._held = {(v.name, v.slot): (v.type, b"x" * bytes_of(v)) for v in image.variants}

    def variant(self, key: str, name: str, slot: Slot) -> tuple[str, bytes]:
        return self._held[name, slot]


def page_files(folder: Path, image: ImageRow, *, name: str = "jpeg") -> PageFiles:
    original = folder / "original"
    original.write_bytes(b"source")
    return PageFiles(folder, Bucket(image), {image.source.key: SourceFile(original, name)})


@pytest.mark.parametrize("key", ["../../etc/passwd", "/abs.jpg", 'a"b<c>.jpg', "é🔮.png", "..."])
def test_no_key_writes_outside_the_pages_folder(key: str, tmp_path: Path) -> None:
    image = row(key, (variant("w640", FALLBACK, 640, 3), variant("w640", AVIF, 640, 2)))

    [result], problems = page_files(tmp_path, image).show([image])

    assert problems == ()
    assert result.links["w640", FALLBACK].endswith("/w640-fallback.jpg")
    assert result.links["w640", AVIF].endswith("/w640-avif.avif")
    for link in (*result.links.values(), result.source or ""):
        path = (tmp_path / link).resolve()
        assert path.is_file()
        assert path.is_relative_to(tmp_path / "variants")
        assert link.isascii()


def test_a_difference_between_file_and_manifest_is_a_problem(tmp_path: Path) -> None:
    stored = row(variants=(variant("w640", AVIF, 640, 3),))
    said = row(variants=(variant("w640", AVIF, 640, 2),))

    _, problems = page_files(tmp_path, stored).show([said])

    assert len(problems) == 1
    assert "w640.avif" in problems[0]


def test_a_source_that_browsers_cannot_show_is_left_out(tmp_path: Path) -> None:
    image = row("scan.tiff", LADDER)

    [result], _ = page_files(tmp_path, image, name="tiff").show([image])

    assert result.source is None
    assert page_of(result).all("input") == []


def page_of(result: Card) -> HtmlPage:
    return HtmlPage(gallery(report(result.row), [result], []))


def test_a_safe_name_is_the_last_segment_in_lower_case() -> None:
    name = safe_name("holiday/Lake at dawn (2).JPG")

    assert name == "lake-at-dawn-2"
