"""Headless Chromium gets the right rung from the local edge, by `srcset` and by client hints."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.local.instance import HOST
from scripts.pixfleet.page.client_hints import page_headers
from tests.browser.chromium import OPTIONS, PROGRAM, Chromium
from tests.browser.conftest import LocalEdge
from tests.browser.page_server import serving
from tests.e2e.hints_distribution import HEIGHTS

pytestmark = [pytest.mark.imaging, pytest.mark.allow_hosts([HOST])]

WINDOW = 600
PICTURE = 300
# A picture's file says which one it is: its width is the rung's, its height the slot's.
PAGE = """<!doctype html><html lang=en><title>Hints</title><link rel=icon href=data:,>
<img id=srcset sizes=%(picture)spx srcset="%(srcset)s">
<img id=element sizes=%(picture)spx src="%(edge)s/cat.jpg?w=auto">
<img id=viewport src="%(edge)s/dog.jpg?w=auto">
<img id=webp sizes=%(picture)spx src="%(edge)s/cat.jpg?w=auto&format=webp">
<pre id=found></pre>
<script>
addEventListener('load', () => {
  const found = {ratio: devicePixelRatio};
  for (const each of document.images)
    found[each.id] = [each.naturalWidth, each.naturalHeight, each.currentSrc];
  document.getElementById('found').textContent = JSON.stringify(found);
});
</script>
"""
FOUND = re.compile(r'<pre id="found">(\{.*?\})</pre>')
Found = Mapping[str, tuple[int, int, str]]


@pytest.fixture(name="edge")
def _edge(local_edge: LocalEdge) -> str:
    return local_edge.url


@pytest.mark.parametrize(
    ("density", "element", "viewport"), [(1, 320, 640), (2, 640, 1280), (3, 960, 1920)]
)
def test_a_page_gets_the_rung_for_its_density(
    edge: str, tmp_path: Path, density: int, element: int, viewport: int
) -> None:
    found = shown(edge, page_headers(edge), density, tmp_path)

    assert found["srcset"][2].endswith(f"?w={element}")
    assert found["element"][:2] == (element, HEIGHTS["avif"])
    assert found["viewport"][:2] == (viewport, HEIGHTS["avif"])
    assert found["webp"][:2] == (element, HEIGHTS["webp"])


def test_a_page_that_asks_for_no_hints_gets_the_rung_of_960(edge: str, tmp_path: Path) -> None:
    found = shown(edge, {}, 3, tmp_path)

    assert found["element"][:2] == found["viewport"][:2] == (960, HEIGHTS["avif"])


def test_hints_are_not_sent_to_a_host_that_the_page_does_not_name(
    edge: str, tmp_path: Path
) -> None:
    found = shown(edge, {"Accept-CH": page_headers(edge)["Accept-CH"]}, 3, tmp_path)

    assert found["element"][0] == 960


@pytest.mark.parametrize(
    ("is_saving", "element", "viewport"), [(False, 640, 1280), (True, 320, 960)]
)
def test_a_reader_who_saves_data_gets_one_rung_less(
    edge: str, element: int, viewport: int, *, is_saving: bool
) -> None:
    html = PAGE % {"edge": edge, "picture": PICTURE, "srcset": f"{edge}/cat.jpg?w=1280 1280w"}

    with serving(html, page_headers(edge)) as url, Chromium() as chromium:
        chromium.call("Emulation.setDataSaverOverride", dataSaverEnabled=is_saving)
        chromium.call(
            "Emulation.setDeviceMetricsOverride",
            width=WINDOW,
            height=WINDOW,
            deviceScaleFactor=2,
            mobile=False,
        )
        chromium.call("Page.navigate", url=url)
        found = FOUND.search(_value(chromium, "document.documentElement.outerHTML"))
        while not found:
            found = FOUND.search(_value(chromium, "document.documentElement.outerHTML"))

    widths = {name: each[0] for name, each in json.loads(found[1]).items() if name != "ratio"}
    assert (widths["element"], widths["viewport"]) == (element, viewport)


def _value(chromium: Chromium, expression: str) -> str:
    answer = chromium.call("Runtime.evaluate", expression=expression, returnByValue=True)
    return str(answer["result"].get("value", ""))  # a page that has just begun has no element


def shown(edge: str, headers: Mapping[str, str], density: int, folder: Path) -> Found:
    """Return what a new browser shows: width, height and URL of each picture by id."""
    srcset = ", ".join(f"{edge}/cat.jpg?w={w} {w}w" for w in (320, 640, 960, 1280, 1920))
    html = PAGE % {"edge": edge, "picture": PICTURE, "srcset": srcset}
    with serving(html, headers) as url:
        document = _document(url, density, folder)
    _, _, rest = document.partition('<pre id="found">')
    found = json.loads(rest.partition("</pre>")[0].replace("&amp;", "&"))
    assert found.pop("ratio") == density
    return {name: (width, height, source) for name, (width, height, source) in found.items()}


def _document(url: str, density: int, folder: Path) -> str:
    """Return the page's HTML after its scripts, in a window of a density."""
    program = shutil.which(PROGRAM)
    assert program, "Expected the program chromium: apt-get install chromium."
    options = [each for each in OPTIONS if "debugging" not in each]
    done = subprocess.run(
        [
            *(program, *options, f"--user-data-dir={folder}/profile"),
            *(f"--force-device-scale-factor={density}", f"--window-size={WINDOW},600"),
            *("--no-proxy-server", "--dump-dom", url),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout
