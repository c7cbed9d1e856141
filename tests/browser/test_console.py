"""The console in headless Chromium, with a local AWS and a worker: seen, by keyboard, with axe."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from scripts.demo.samples import corrupt_jpeg
from scripts.demo.worker import running_worker
from scripts.local.clients import local_clients
from scripts.local.instance import HOST
from scripts.local.ministack import running_ministack
from scripts.local.stack import create_stack
from scripts.pixfleet.stack.recipe_file import RECIPES, recipes_document
from tests.browser.chromium import Chromium
from tests.browser.test_sites import BUILD, SITES
from tests.browser.window import Window
from tests.e2e.processes import free_port
from tests.e2e.waiting import wait_for
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.console import served
from tests.support.images import jpeg
from tests.support.npm import install_packages

pytestmark = [pytest.mark.imaging, pytest.mark.allow_hosts([HOST]), pytest.mark.timeout(900)]

SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
CAT = "photos/cat.jpg"
HOSTILE = (
    "broken/<img src=x onerror=document.title='owned'>.jpg",
    "broken/\u202egpj.exe",
    "broken/" + "ü" * 494 + ".jpeg",  # 1,000 bytes
)
PAGES = {
    "now": "/",
    "failures": "/failures",
    "cause": "/failures/truncated",
    "image": f"/image?key={quote(CAT, safe='')}",
    "rejected": f"/image?key={quote(HOSTILE[0], safe='')}",
    "unknown": "/image?key=none.jpg",
    "gallery": "/gallery",
    "upload": "/upload",
}
LOADED = "document.readyState === 'complete' && !document.querySelector('.loading')"
# What axe calls serious or critical: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
AXE = """
axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
  .filter(each => ['serious', 'critical'].includes(each.impact))
  .map(each => `${each.id}: ${each.nodes.map(node => node.html).join(' ')}`))
"""
# Counts how many uploads are being sent at the same time.
COUNT_UPLOADS = """
(() => {
  let sending = 0;
  const send = XMLHttpRequest.prototype.send;
  window.most = 0;
  XMLHttpRequest.prototype.send = function (body) {
    most = Math.max(most, ++sending);
    this.addEventListener('load', () => sending--); // before the page's own loadend
    return send.call(this, body);
  };
})()
"""
ELSEWHERE = (
    "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(origin))"
)


@dataclass(frozen=True, slots=True)
class Console:
    """A running console: its address, and the stack behind it."""

    url: str
    window: Window
    chromium: Chromium
    aws: DirectAccess


@pytest.fixture(name="console", scope="module")
def _console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("console")
    with (
        running_ministack(free_port()) as endpoint_url,
        Chromium() as chromium,
    ):
        stack = create_stack(
            endpoint_url, recipes_document(RECIPES), visibility_timeout_seconds=60
        )
        aws = DirectAccess(stack, local_clients(endpoint_url))
        with running_worker(stack, folder / "worker.log"), served(stack, folder) as console:
            aws.drop(CAT, jpeg((800, 600)))
            for key in HOSTILE:
                aws.drop(key, corrupt_jpeg())
            wait_for("the dead letters", lambda: aws.dead_letters[0] == len(HOSTILE))
            wait_for("the picture", lambda: stored(aws, CAT))
            window = Window(chromium)
            window.open_first(console.url, width=1280)
            url = str(window.value("origin"))
            yield Console(url, window, chromium, aws)


def stored(aws: DirectAccess, key: str) -> bool:
    """Return whether a manifest of the key is stored."""
    listed = aws.clients.s3.list_objects_v2(Bucket=aws.stack.variants_bucket)
    return any(f"/{key}/manifest" in each["Key"] for each in listed.get("Contents", []))


@pytest.fixture(name="axe", scope="module")
def _axe() -> str:
    install_packages(SITES, BUILD)
    return (BUILD / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 800, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_axe_finds_nothing_serious(
    console: Console, axe: str, name: str, width: int, scheme: str
) -> None:
    window = console.window
    feature = {"name": "prefers-color-scheme", "value": scheme}
    console.chromium.call("Emulation.setEmulatedMedia", features=[feature])

    window.open(console.url + PAGES[name], width=width)
    window.wait(LOADED)
    window.value("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    window.wait("![...document.querySelectorAll('[role=status]')].length")

    if SCREENSHOTS:
        window.screenshot().save(Path(SCREENSHOTS, f"console-{name}-{width}-{scheme}.png"))
    assert window.value("errors") == []
    assert window.value(ELSEWHERE) == []
    assert "owned" not in str(window.value("document.title")).split(" · ")
    assert window.value("document.documentElement.scrollWidth") <= width
    window.value(axe + ";0")
    assert window.value(AXE) == []


def test_a_redrive_is_confirmed_and_followed_by_keyboard(console: Console) -> None:
    window, aws = console.window, console.aws
    aws.add_dead_letter(aws.event(CAT), cause="throttled", key=CAT)
    window.open(f"{console.url}/failures/throttled", width=800)
    window.wait(LOADED)

    window.press_until("document.activeElement.textContent.startsWith('Redrive')")
    window.press("Enter")
    window.wait("document.querySelector('#number')")
    window.press_until("document.activeElement.id === 'number'")
    window.type("1")
    window.press("Enter")

    window.wait("location.pathname.startsWith('/redrives/')")
    window.wait(
        "/Sent\\s*1/.test(document.body.innerText) && /Fixed\\s*1/.test(document.body.innerText)"
    )


def test_files_become_a_picture_or_a_refusal(console: Console, tmp_path: Path) -> None:
    window = console.window
    (tmp_path / "dog.jpg").write_bytes(jpeg((640, 480), seed=3))
    (tmp_path / "page.jpg").write_bytes(b"<html>no picture</html>")
    window.open(f"{console.url}/upload", width=1280)
    window.wait(LOADED)

    window.choose("#files", [tmp_path / "dog.jpg", tmp_path / "page.jpg"])

    window.wait("document.body.innerText.includes('Published.')")
    window.wait("document.body.innerText.includes('Rejected: not_an_image')")
    window.wait("document.querySelector('#uploads img:not([hidden])')?.naturalWidth > 0")
    if SCREENSHOTS:
        window.screenshot().save(Path(SCREENSHOTS, "console-uploaded.png"))


def keep_or_replace(window: Window, path: Path, data: bytes, words: str) -> None:
    """Upload another file of the same name, and press a button by keyboard."""
    path.write_bytes(data)
    window.choose("#files", [path])
    window.wait("document.body.innerText.includes('another file with this key')")
    window.press_until(f"document.activeElement.textContent === '{words}'")
    window.press("Enter")
    window.wait("!document.body.innerText.includes('another file with this key')")


def test_an_upload_replaces_a_source_only_if_it_is_told_to(
    console: Console, tmp_path: Path
) -> None:
    window, path = console.window, tmp_path / "twice.jpg"
    first, second = jpeg((64, 48), seed=4), jpeg((64, 48), seed=5)
    path.write_bytes(first)
    window.open(f"{console.url}/upload", width=800)
    window.wait(LOADED)
    window.choose("#files", [path])
    window.wait("document.body.innerText.includes('Published.')")

    keep_or_replace(window, path, second, "Keep it")
    assert source_of(console.aws, "twice.jpg") == first
    window.choose("#files", [path])
    window.wait("document.body.innerText.includes('another file with this key')")
    keep_or_replace(window, path, second, "Replace it")
    window.wait("document.body.innerText.match(/Published/g)?.length === 2")

    assert source_of(console.aws, "twice.jpg") == second
    assert window.value("errors") == []


def source_of(aws: DirectAccess, key: str) -> bytes:
    return aws.clients.s3.get_object(Bucket=aws.stack.sources_bucket, Key=key)["Body"].read()


def test_a_few_uploads_are_sent_at_a_time(console: Console, tmp_path: Path) -> None:
    window = console.window
    files = [tmp_path / f"{number}.txt" for number in range(9)]
    for each in files:
        each.write_bytes(f"no image {each.name}".encode())
    window.open(f"{console.url}/upload", width=800)
    window.wait(LOADED)
    window.value(COUNT_UPLOADS)

    window.choose("#files", files)

    rejected = "document.body.innerText.match(/Rejected: not_an_image/g)?.length"
    window.wait(f"{rejected} === {len(files)}")
    assert window.value("most") == 3


@pytest.mark.parametrize(
    "key", [*HOSTILE, "../../etc/passwd"], ids=["markup", "right-to-left", "long", "dots"]
)
def test_a_hostile_key_is_text_that_fits(console: Console, axe: str, key: str) -> None:
    window = console.window
    encoded = quote(key, safe="")

    for path in (f"/image?key={encoded}", f"/gallery?prefix={encoded}"):
        window.open_first(console.url + path, width=400)
        window.wait(LOADED)

        assert window.value("errors") == []
        assert "owned" not in str(window.value("document.title")).split(" · ")
        assert "\u202e" not in window.value("document.documentElement.innerText")
        assert window.value("document.documentElement.scrollWidth") <= 400
        window.value(axe + ";0")
        assert window.value(AXE) == []


def test_only_a_response_of_the_server_becomes_html(console: Console) -> None:
    window = console.window
    window.open(console.url + "/", width=800)
    window.wait(LOADED)
    tried = "(() => { try { %s; return 'done' } catch (error) { return error.name } })()"

    for script in (
        "document.body.innerHTML = '<b>owned</b>'",
        "document.createElement('script').src = '/static/htmx.min.js'",
        "document.createElement('script').text = '1'",
        "new DOMParser().parseFromString('<b>', 'text/html')",
        "trustedTypes.createPolicy('mine', {createHTML: html => html})",
    ):
        assert window.value(tried % script) == "TypeError", script
    assert window.value("document.querySelectorAll('table tbody tr').length") >= 2


def test_a_picture_that_has_to_wait_says_so_and_appears(console: Console) -> None:
    window = console.window
    with paused(console.chromium, "*/small*") as next_request:
        window.open(f"{console.url}/gallery?prefix={quote(CAT)}", width=800)
        for _ in range(2):  # the picture, and the request that asks why it failed
            refuse(console.chromium, next_request(), 503)
        window.wait("document.querySelector('.pictures .missing')?.innerText === 'waiting …'")
        again = next_request()
        assert window.value("document.querySelector('.pictures img').hidden")
        console.chromium.call("Fetch.continueRequest", requestId=again)

    window.wait("document.querySelector('.pictures img')?.naturalWidth > 0")
    assert window.value("document.querySelectorAll('.missing').length") == 0
    assert not window.value("document.querySelector('.pictures img').hidden")


@pytest.mark.parametrize(("status", "words"), [(503, "is busy"), (500, "answered 500")])
def test_a_part_that_fails_is_asked_for_again_by_keyboard(
    console: Console, status: int, words: str
) -> None:
    window = console.window
    with paused(console.chromium, "*/failures-by-cause") as next_request:
        window.open_first(f"{console.url}/failures", width=800)
        refuse(console.chromium, next_request(), status)
        window.wait(f"document.querySelector('[role=alert]')?.innerText.includes('{words}')")
    window.press_until("document.activeElement.textContent === 'Try again'")
    window.press("Enter")

    window.wait("document.querySelectorAll('.stacks tbody tr').length")
    assert window.value("document.querySelector('[role=alert]')") is None


def test_a_form_that_is_sent_twice_starts_one_redrive(console: Console) -> None:
    window, aws = console.window, console.aws
    before = redrives(aws)
    aws.add_dead_letter(aws.event(CAT), cause="deadline", key=CAT)
    window.open(f"{console.url}/failures/deadline", width=800)
    window.wait(LOADED)
    window.value("document.querySelector('[hx-get$=redrive]').click()")
    window.wait("document.querySelector('#number')")

    window.value(
        "document.querySelector('#number').value = '1';"
        "for (let time = 0; time < 3; time++) document.querySelector('.confirm').requestSubmit()"
    )

    window.wait("location.pathname.startsWith('/redrives/')")
    window.wait("document.body.innerText.includes('1 of 1 confirmed dead letter sent back')")
    assert len(redrives(aws) - before) == 1


def redrives(aws: DirectAccess) -> set[str]:
    """Return the ids of all redrives on record."""
    listed = aws.clients.s3.list_objects_v2(Bucket=aws.stack.variants_bucket, Prefix="_redrives/")
    return {each["Key"].split("/")[1] for each in listed.get("Contents", [])}


def test_a_hidden_tab_asks_for_nothing(console: Console) -> None:
    window = console.window
    window.open(console.url + "/", width=800)
    window.wait(LOADED)
    window.value("document.querySelector('[data-every]').dataset.every = 1")
    asked = (
        "performance.getEntriesByType('resource').filter(e => e.name.endsWith('/lanes')).length"
    )
    window.wait(f"{asked} >= 1")

    window.value("Object.defineProperty(document, 'hidden', {get: () => true})")
    window.value("new Promise(resolve => setTimeout(resolve, 50_000))")  # half a second
    before = window.value(asked)
    window.value("new Promise(resolve => setTimeout(resolve, 250_000))")

    assert window.value(asked) == before


@contextmanager
def paused(chromium: Chromium, pattern: str) -> Iterator[Callable[[], str]]:
    """Pause requests of a pattern; the function returns the id of the next one."""
    chromium.call("Fetch.enable", patterns=[{"urlPattern": pattern}])
    try:
        yield lambda: str(chromium.next_event("Fetch.requestPaused")["requestId"])
    finally:
        chromium.call("Fetch.disable")


def refuse(chromium: Chromium, request: str, status: int) -> None:
    headers = [{"name": "Retry-After", "value": "3"}]
    chromium.call(
        "Fetch.fulfillRequest", requestId=request, responseCode=status, responseHeaders=headers
    )


def test_the_handle_moves_by_keyboard(console: Console) -> None:
    window = console.window
    window.open(console.url + PAGES["image"], width=1280)
    window.wait("document.querySelector('#cut')")
    window.wait("[...document.querySelectorAll('.compare img')].every(each => each.naturalWidth)")

    window.press_until("document.activeElement.id === 'cut'")
    window.press("ArrowRight")

    assert window.value("document.querySelector('[data-compare]').style.cssText") == "--cut: 51%;"
