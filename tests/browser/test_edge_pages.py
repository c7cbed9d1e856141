"""Pages with the markup of `pixfleet urls`, whose pictures come from the local edge's address."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from scripts.local.instance import HOST
from scripts.pixfleet.image.variants import source_url
from scripts.pixfleet.page.client_hints import auto_image, page_headers
from scripts.pixfleet.page.snippet import picture
from tests.browser.chromium import Chromium
from tests.browser.conftest import LocalEdge
from tests.browser.held_window import HeldWindow
from tests.browser.page_server import serving
from tests.browser.published import Published, published
from tests.e2e.hints_distribution import store
from tests.support.images import detail, saved

pytestmark = [pytest.mark.imaging, pytest.mark.allow_hosts([HOST])]

SIZE = (1000, 625)
DISC = (250, 62, 750, 562)
# Any haze of white, grey or the picture's own colours differs from it.
YELLOW = (255, 220, 0)
# How much a compressed picture differs from its source, as the mean of a sample.
ALIKE = 8
# Resizing and compression let the disc's hard edge ring for a few pixels of the window.
SOFT = 10
# Beyond it, AVIF's alpha is 2 of 255 in single pixels.
RINGING = 3
WINDOWS = (400, 1280)
# By slot: the types that the browser does not display, and what it gets of an opaque and of a
# transparent picture.
FORMATS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "avif": ((), "image/avif", "image/avif"),
    "webp": (("avif",), "image/webp", "image/webp"),
    "fallback": (("avif", "webp"), "image/jpeg", "image/png"),
}
# Empty, or a folder in which the windows are stored, for a look at them.
SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
Open = Callable[..., HeldWindow]


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(name="sources", scope="module")
def _sources(local_edge: LocalEdge) -> dict[str, Published]:
    """Publish two sources, whose keys need encoding, behind the local edge."""
    made = {
        "opaque": published("photos/ü 1.jpg", saved(photo(), "JPEG", quality=90)),
        "transparent": published("logos/disc (2).png", saved(disc(), "PNG")),
    }
    for manifest, files in made.values():
        store(local_edge.endpoint_url, manifest, files)
    return made


@pytest.fixture(name="opened")
def _opened(chromium: Chromium, local_edge: LocalEdge) -> Iterator[Open]:
    """Return a function that opens a page with one picture, which is still held back."""
    window = HeldWindow(chromium, pictures=local_edge.url)
    with ExitStack() as servers:

        def opened(
            markup: str,
            width: int,
            *,
            density: int = 1,
            without: Sequence[str] = (),
            headers: Mapping[str, str] | None = None,
        ) -> HeldWindow:
            html = (
                "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>"
                f"<link rel=icon href=data:,><body style='background: rgb{YELLOW}'>"
                f"<p>Above.</p>{markup}<p id=below>Below.</p>"
            )
            url = servers.enter_context(serving(html, headers or {}))
            chromium.call("Emulation.setDisabledImageTypes", imageTypes=list(without))
            window.open_held(url, 1, width=width, density=density)
            return window

        yield opened
        window.close()


def photo() -> Image.Image:
    """Return a photo whose w640 and w960 are smaller as AVIF, which their avif slot has then."""
    return detail(SIZE).filter(ImageFilter.GaussianBlur(4))


def disc() -> Image.Image:
    """Return a photo that is transparent outside of `DISC`."""
    mask = Image.new("L", SIZE)
    ImageDraw.Draw(mask).ellipse(DISC, fill=255)
    picture = photo()
    picture.putalpha(mask)
    return picture


def seen(window: HeldWindow, name: str) -> Image.Image:
    """Return what the window shows."""
    found = window.screenshot()
    if SCREENSHOTS:
        found.save(Path(SCREENSHOTS, f"edge-{name}.png"))
    return found


def file_of(source: Published, name: str, slot: str) -> tuple[str, bytes]:
    """Return the type and the bytes of a variant."""
    manifest, files = source
    (found,) = (each for each in manifest.variants if (each.name, each.slot) == (name, slot))
    return found.type, files[found.url]


@pytest.mark.parametrize(("density", "rung"), [(1, "w320"), (2, "w640"), (3, "w960")])
def test_the_edge_sends_the_avif_rung_for_the_density(
    opened: Open,
    local_edge: LocalEdge,
    sources: dict[str, Published],
    density: int,
    rung: str,
) -> None:
    source = sources["opaque"]
    window = opened(picture(source[0], local_edge.url, "300px"), 600, density=density)
    (received,) = window.release()

    assert received.url.startswith(f"{local_edge.url}/photos/%C3%BC%201.jpg?variant={rung}&")
    assert received.status == 200
    assert (received.content_type, received.body) == file_of(source, rung, "avif")
    assert "immutable" in received.headers["cache-control"]
    assert received.headers["x-cache"].endswith("from cloudfront")


@pytest.mark.parametrize(("density", "rung"), [(1, "w320"), (2, "w640"), (3, "w960")])
def test_the_edge_chooses_the_rung_by_the_hints_of_the_browser(
    opened: Open,
    local_edge: LocalEdge,
    sources: dict[str, Published],
    density: int,
    rung: str,
) -> None:
    source = sources["opaque"]
    manifest, url = source[0], f"{local_edge.url}{source_url(source[0].source.key)}?w=auto"
    window = opened(
        auto_image(manifest, url, "300px"),
        600,
        density=density,
        headers=page_headers(local_edge.url),
    )
    (received,) = window.release()

    assert received.url == url
    assert (received.content_type, received.body) == file_of(source, rung, "avif")
    assert "Sec-CH-Width" in received.headers["vary"]


@pytest.mark.parametrize("slot", FORMATS)
def test_the_edge_sends_the_best_format_that_the_browser_accepts(
    opened: Open, local_edge: LocalEdge, sources: dict[str, Published], slot: str
) -> None:
    source = sources["opaque"]
    without, content_type, _ = FORMATS[slot]
    path = source_url(source[0].source.key)
    window = opened(f'<img src="{local_edge.url}{path}?w=640" alt="">', 700, without=without)
    (received,) = window.release()

    assert received.content_type == content_type
    assert (content_type, received.body) == file_of(source, "w640", slot)
    assert window.value("document.images[0].naturalWidth") == 640


@pytest.mark.parametrize("width", WINDOWS)
@pytest.mark.parametrize("name", ["opaque", "transparent"])
def test_nothing_moves_when_a_picture_comes_from_the_edge(
    opened: Open, local_edge: LocalEdge, sources: dict[str, Published], name: str, width: int
) -> None:
    window = opened(picture(sources[name][0], local_edge.url, "100vw"), width)
    before, below = window.box("img"), window.box("#below")
    seen(window, f"{name}-{width}-before")
    window.release()
    after = window.box("img")
    seen(window, f"{name}-{width}-after")

    assert window.value("document.images[0].naturalWidth") > 0
    assert after == before
    assert after[3] == pytest.approx(after[2] * SIZE[1] / SIZE[0], abs=1)
    assert window.box("#below") == below
    assert window.shifts() == 0


@pytest.mark.parametrize("slot", FORMATS)
def test_a_transparent_picture_from_the_edge_has_no_haze(
    opened: Open, local_edge: LocalEdge, sources: dict[str, Published], slot: str
) -> None:
    without, _, content_type = FORMATS[slot]
    markup = picture(sources["transparent"][0], local_edge.url, "100vw")
    # No script of the page may run, so `onload` removes nothing that is behind the picture.
    policy = {"Content-Security-Policy": "script-src 'none'"}
    window = opened(markup, 900, without=without, headers=policy)
    (received,) = window.release()
    left, top, width, height = (round(each) for each in window.box("img"))
    shown = seen(window, f"haze-{slot}").crop((left, top, left + width, top + height))

    assert received.content_type == content_type
    outside = ImageChops.invert(disc_mask(shown.size, SOFT))
    behind = ImageChops.difference(shown, Image.new("RGB", shown.size, YELLOW))
    assert max(high for _, high in ImageStat.Stat(behind, outside).extrema) <= RINGING
    expected = photo().resize(shown.size)
    difference = ImageStat.Stat(
        ImageChops.difference(shown, expected), disc_mask(shown.size, -SOFT)
    )
    assert max(difference.mean) < ALIKE


def disc_mask(size: tuple[int, int], grown: int) -> Image.Image:
    """Return 255 where the disc is in a picture, with a radius that is so many pixels larger."""
    mask, scale = Image.new("L", size), size[0] / SIZE[0]
    left, top, right, bottom = (each * scale for each in DISC)
    box = (left - grown, top - grown, right + grown, bottom + grown)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask
