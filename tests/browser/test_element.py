"""The element `<pixfleet-image>` of docs/clients in Chromium."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from scripts.local.instance import HOST
from tests.browser.chromium import Chromium
from tests.browser.published import published
from tests.browser.site import Refusal, Site, serving_site
from tests.browser.window import Window
from tests.support.clients import copy_clients
from tests.support.images import detail, saved

pytestmark = [pytest.mark.imaging, pytest.mark.allow_hosts([HOST])]

SIZE = (1600, 1000)
WHITE = (255, 255, 255)
RED = (220, 30, 40)
SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
ENDED = "window.ended"
PAGE = """<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>
<link rel=icon href=data:,><meta http-equiv=Content-Security-Policy
content="default-src 'self'; img-src 'self' data:; script-src 'self'">
<link rel=stylesheet href=page.css><script src=ended.js></script>
<script src=pixfleet-image.js defer></script>
<p>Above.</p><pixfleet-image %s></pixfleet-image><p id=below>Below.</p>"""
ENDED_JS = """
window.ended = '';
for (const name of ['load', 'error'])
  document.addEventListener(name, event => {  // `load` does not reach the window
    if (event.target.localName === 'pixfleet-image') window.ended = name;
  }, true);
"""
CAT = 'src="/cat.jpg" width=1600 height=1000 alt="A cat"'
DISC = 'src="/disc.png" width=1600 height=1000 alt=""'


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    copy_clients(folder)
    (folder / "ended.js").write_text(ENDED_JS)
    disc = Image.new("RGBA", SIZE)
    ImageDraw.Draw(disc).ellipse((400, 100, 1200, 900), fill=(*RED, 255))
    pictures = {
        "/cat.jpg": published("cat.jpg", saved(detail(SIZE), "JPEG", quality=90)),
        "/disc.png": published("disc.png", saved(disc, "PNG")),
    }
    with serving_site(folder, pictures) as site:
        yield site


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


@pytest.fixture(name="window")
def _window(chromium: Chromium, site: Site) -> Iterator[Window]:
    site.forget()
    window = Window(chromium)
    yield window
    window.close()


def opened(
    window: Window,
    site: Site,
    attributes: str,
    *,
    css: str = "",
    width: int = 400,
    density: int = 1,
) -> None:
    """Open a page with one element; its policy forbids a `style` attribute."""
    (site.folder / "page.html").write_text(PAGE % attributes, encoding="utf-8")
    (site.folder / "page.css").write_text(f"pixfleet-image {{ {css} }}", encoding="utf-8")
    window.open(f"{site.url}/page.html", width=width, density=density)


def seen(window: Window, name: str) -> Image.Image:
    """Return what the window shows."""
    found = window.screenshot()
    if SCREENSHOTS:
        found.save(Path(SCREENSHOTS, f"element-{name}.png"))
    return found


@pytest.mark.parametrize(("density", "rung"), [(1, "w640"), (2, "w960"), (3, "w1280")])
def test_the_rung_fits_the_element_and_nothing_moves(
    window: Window, site: Site, density: int, rung: str
) -> None:
    opened(window, site, CAT, density=density)
    window.wait(ENDED)
    seen(window, f"opaque-{density}")

    manifest, picture = site.requested
    assert manifest == "/cat.jpg?format=manifest"
    assert f"variant={rung}&format=avif&v=" in picture
    assert window.value(ENDED) == "load"
    assert window.shifts() == 0
    assert window.value("document.images[0].alt") == "A cat"
    assert window.value("window.errors") == []


def test_the_default_width_is_that_of_the_element(window: Window, site: Site) -> None:
    opened(window, site, CAT, width=1280, css="width: 300px")
    window.wait(ENDED)

    assert "variant=w320&" in window.value("document.images[0].currentSrc")
    assert window.value("document.images[0].width") == 300


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_shines_through_a_transparent_picture(
    window: Window, site: Site, width: int
) -> None:
    opened(window, site, DISC, width=width)
    window.wait(ENDED)

    shown = seen(window, f"transparent-{width}")
    left, top, across, down = box(window)
    outside = {
        shown.getpixel((round(left + across * x), round(top + min(down, 800) * y)))
        for x in (0.02, 0.1, 0.9, 0.98)
        for y in (0.02, 0.5, 0.9)
    }
    assert outside == {WHITE}
    assert window.shifts() == 0


def test_a_pending_picture_appears(window: Window, site: Site) -> None:
    site.refusals["/cat.jpg?format=manifest"] = Refusal(404, 3)
    opened(window, site, CAT)
    window.wait(ENDED)

    *asked, picture = site.requested
    assert asked == ["/cat.jpg?format=manifest"] * 4
    assert "variant=" in picture
    assert window.value(ENDED) == "load"
    assert window.shifts() == 0
    assert window.value("document.querySelector('pixfleet-image').ariaBusy") is None


def test_a_rejected_picture_is_asked_for_once(window: Window, site: Site) -> None:
    site.refusals["/cat.jpg"] = Refusal(404, 99, {"x-pixfleet-cause": "corrupt"})
    opened(window, site, 'src="/cat.jpg" width=16 height=10 alt="A <b>cat</b>"')
    window.wait(ENDED)
    seen(window, "rejected")

    assert site.requested == ["/cat.jpg?format=manifest"]
    assert window.value(ENDED) == "error"
    assert window.value("document.querySelector('pixfleet-image').textContent") == "A <b>cat</b>"
    (said,) = window.value("window.errors")
    assert "404 corrupt" in said


def test_a_picture_that_never_appears_ends_as_an_error(window: Window, site: Site) -> None:
    site.refusals["/cat.jpg"] = Refusal(404, 99)
    opened(window, site, CAT)
    window.wait(ENDED)

    assert len(site.requested) == 8
    assert window.value(ENDED) == "error"


def test_a_file_that_cannot_be_made_now_is_asked_for_again(window: Window, site: Site) -> None:
    site.refusals["format=avif"] = Refusal(503, 2, {"Retry-After": "5"})
    opened(window, site, CAT)
    window.wait(ENDED)

    assert len([each for each in site.requested if "format=avif" in each]) == 3
    assert window.value(ENDED) == "load"


def test_the_placeholder_is_gone_once_the_picture_is_loaded(window: Window, site: Site) -> None:
    site.refusals["format=avif"] = Refusal(503, 1)
    opened(window, site, CAT)
    window.wait("document.images[0]?.style.background.includes('data:image/webp')")
    window.wait(ENDED)

    assert window.value("getComputedStyle(document.images[0]).backgroundImage") == "none"


def test_a_picture_without_alternative_text_is_an_error(window: Window, site: Site) -> None:
    opened(window, site, 'src="/cat.jpg" width=16 height=10')
    window.wait(ENDED)

    assert site.requested == []
    assert "Expected alt" in window.value("window.errors")[0]


def test_a_picture_far_below_is_not_requested(window: Window, site: Site) -> None:
    opened(window, site, CAT, css="margin-top: 9000px")
    window.value("new Promise(resolve => setTimeout(resolve, 20_000))")
    assert site.requested == []

    window.value("scrollTo(0, 9000)")
    window.wait(ENDED)

    assert len(site.requested) == 2


def test_an_element_that_is_removed_asks_no_more(window: Window, site: Site) -> None:
    site.refusals["/cat.jpg"] = Refusal(404, 99)
    opened(window, site, CAT)
    window.value("document.querySelector('pixfleet-image').remove()")
    before = len(site.requested)
    window.value("new Promise(resolve => setTimeout(resolve, 100_000))")

    assert len(site.requested) <= before + 1
    assert window.value(ENDED) == ""


def test_another_source_replaces_the_picture(window: Window, site: Site) -> None:
    opened(window, site, CAT)
    window.wait(ENDED)
    window.value("document.querySelector('pixfleet-image').setAttribute('src', '/disc.png')")
    window.wait("document.images[0].currentSrc.includes('disc.png')")

    assert window.value("document.images.length") == 1


def test_a_crop_is_named(window: Window, site: Site) -> None:
    opened(window, site, f"{CAT.replace('1600', '300').replace('1000', '300')} variant=thumb")
    window.wait(ENDED)

    assert "variant=thumb&format=avif" in site.requested[-1]
    assert window.shifts() == 0


def box(window: Window) -> tuple[float, float, float, float]:
    found = window.value(
        "(({x, y, width, height}) => [x, y, width, height])"
        "(document.querySelector('pixfleet-image').getBoundingClientRect())"
    )
    left, top, across, down = found
    return left, top, across, down


@pytest.mark.parametrize(
    ("attributes", "manifest", "words"),
    [
        ('alt="A cat"', None, "Expected src"),
        ('src="" alt="A cat"', None, "Expected src"),
        ('src="/odd" alt="A cat"', "<html>", "JSON"),
        ('src="/odd" alt="A cat"', '{"schema": 2}', "schema 1, got 2"),
        (
            'src="/odd" alt="A cat"',
            '{"schema": 1, "source": {"width": 4, "height": 3}, "variants": []}',
            "there is no variant of the whole picture",
        ),
    ],
)
def test_what_is_no_picture_leaves_its_alternative_text(
    window: Window, site: Site, attributes: str, manifest: str | None, words: str
) -> None:
    if manifest:
        (site.folder / "odd").write_text(manifest, encoding="utf-8")
    opened(window, site, f'{attributes} loading="eager"')
    window.wait(ENDED)

    assert window.value(ENDED) == "error"
    assert window.value("document.querySelector('pixfleet-image').textContent") == "A cat"
    assert words in "".join(window.value("window.errors"))
