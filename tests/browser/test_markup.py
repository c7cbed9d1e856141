"""The `<picture>` of `pixfleet urls`, on pages without any CSS of their own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from scripts.pixfleet.page.snippet import picture
from tests.browser.chromium import Chromium
from tests.browser.page import Page
from tests.browser.published import Published, published
from tests.support.images import detail, saved
from tests.support.urls_page import example

pytestmark = pytest.mark.imaging

WINDOWS = (400, 1280)
SIZE = (1600, 1000)
WHITE = (255, 255, 255)
RED = (220, 30, 40)
# Empty, or a folder in which the windows are stored, for a look at them.
SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
Open = Callable[..., Page]


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(name="sources", scope="module")
def _sources() -> dict[str, Published]:
    disc = Image.new("RGBA", SIZE)
    ImageDraw.Draw(disc).ellipse((400, 100, 1200, 900), fill=(*RED, 255))
    return {
        "opaque": published("opaque.jpg", saved(detail(SIZE), "JPEG", quality=90)),
        "transparent": published("disc.png", saved(disc, "PNG")),
    }


@pytest.fixture(name="opened")
def _opened(chromium: Chromium, sources: dict[str, Published]) -> Iterator[Open]:
    """Return a function that opens a page with one picture, which is still being loaded."""
    pages: list[Page] = []

    def opened(
        name: str, width: int, *, head: str = "", density: int = 1, has_scripts: bool = True
    ) -> Page:
        manifest, files = sources[name]
        html = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>"
            f"<link rel=icon href=data:,>{head}<p>Above.</p>{picture(manifest, '', '100vw')}"
            "<p id=below>Below.</p>"
        )
        page = Page(chromium, html, files, width, density, has_scripts)
        pages.append(page)
        page.open(1)
        return page

    yield opened
    for page in pages:
        page.close()


def seen(page: Page, name: str) -> Image.Image:
    """Return what the window shows."""
    found = page.screenshot()
    if SCREENSHOTS:
        found.save(Path(SCREENSHOTS, f"{name}.png"))
    return found


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("width", WINDOWS)
@pytest.mark.parametrize("name", ["opaque", "transparent"])
def test_a_picture_fits_the_window_and_moves_nothing(
    opened: Open, name: str, width: int, *, has_scripts: bool
) -> None:
    page = opened(name, width, has_scripts=has_scripts)
    before, below = page.box("img"), page.box("#below")
    seen(page, f"{name}-{width}-before")
    page.release()
    after = page.box("img")
    seen(page, f"{name}-{width}-after")

    left, _, shown_width, shown_height = after
    assert left + shown_width <= width
    assert shown_width > width * 0.9
    assert shown_height == pytest.approx(shown_width * SIZE[1] / SIZE[0], abs=1)
    assert after == pytest.approx(before, abs=1)
    assert page.box("#below") == pytest.approx(below, abs=1)
    assert page.shifts() == 0


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("width", WINDOWS)
def test_nothing_shines_through_a_transparent_picture(
    opened: Open, width: int, *, has_scripts: bool
) -> None:
    page = opened("transparent", width, has_scripts=has_scripts)
    page.release()

    left, top, shown_width, shown_height = page.box("img")
    window = page.screenshot()
    outside = [
        window.getpixel((round(left + shown_width * x), round(top + shown_height * y)))
        for x in (0.01, 0.1, 0.2, 0.8, 0.9, 0.99)
        for y in (0.01, 0.5, 0.99)
    ]
    centre = window.getpixel((round(left + shown_width / 2), round(top + shown_height / 2)))
    assert set(outside) == {WHITE}
    assert centre == pytest.approx(RED, abs=8)


def test_a_placeholder_is_shown_until_an_opaque_picture_has_loaded(opened: Open) -> None:
    page = opened("opaque", 400)
    left, top, width, height = page.box("img")
    middle = (round(left + width / 2), round(top + height / 2))
    placeholder = page.screenshot().getpixel(middle)
    page.release()

    assert placeholder != WHITE
    assert page.value("getComputedStyle(document.images[0]).backgroundImage") == "none"
    assert page.value("getComputedStyle(document.images[0]).backgroundColor") == "rgba(0, 0, 0, 0)"


def test_under_a_strict_policy_the_rule_of_the_page_about_urls_is_enough(opened: Open) -> None:
    policy = "default-src 'none'; img-src https: data:; style-src 'nonce-of-the-page'"
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<style nonce=of-the-page>{example('csp')}</style>"
    )
    page = opened("opaque", 400, head=head)
    before = page.box("img")
    shown = page.value("getComputedStyle(document.images[0]).backgroundImage")
    page.release()

    assert shown == "none"
    assert page.box("img") == pytest.approx(before, abs=1)
    assert before[0] + before[2] <= 400
    assert page.shifts() == 0


@pytest.mark.parametrize(("density", "rung"), [(1, "w640"), (2, "w960"), (3, "w1280")])
def test_chromium_takes_the_avif_rung_for_its_density(
    opened: Open, density: int, rung: str
) -> None:
    page = opened("opaque", 400, density=density)

    (requested,) = page.requested
    assert f"variant={rung}&format=avif&" in requested
