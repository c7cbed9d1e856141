"""The console in headless Chromium, with a local AWS and a worker: seen, by keyboard, with axe."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
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
from scripts.local.stack import LocalStack, create_stack
from scripts.pixfleet.stack.recipe_file import RECIPES, recipes_document
from tests.browser.chromium import Chromium
from tests.browser.test_sites import BUILD, SITES
from tests.browser.window import Window
from tests.e2e.processes import free_port
from tests.e2e.waiting import wait_for
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.images import jpeg
from tests.support.npm import install_packages

pytestmark = [pytest.mark.imaging, pytest.mark.allow_hosts([HOST]), pytest.mark.timeout(900)]

SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
CAT = "photos/cat.jpg"
HOSTILE = (
    "broken/<img src=x onerror=document.title='owned'>.jpg",
    "broken/\u202egpj.exe",
    "broken/" + "ü" * 480,
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
        with running_worker(stack, folder / "worker.log"), served(stack, folder) as first:
            aws.drop(CAT, jpeg((800, 600)))
            for key in HOSTILE:
                aws.drop(key, corrupt_jpeg())
            wait_for("the dead letters", lambda: aws.dead_letters[0] == len(HOSTILE))
            wait_for("the picture", lambda: stored(aws, CAT))
            window = Window(chromium)
            window.open_first(first, width=1280)
            url = str(window.value("origin"))
            yield Console(url, window, chromium, aws)


def stored(aws: DirectAccess, key: str) -> bool:
    """Return whether a manifest of the key is stored."""
    listed = aws.clients.s3.list_objects_v2(Bucket=aws.stack.variants_bucket)
    return any(f"/{key}/manifest" in each["Key"] for each in listed.get("Contents", []))


@contextmanager
def served(stack: LocalStack, folder: Path) -> Iterator[str]:
    """Run `pixfleet console --act` until Ctrl-C, and give its first address."""
    words = ("console", "--act", "--no-open", "--json", "--endpoint-url", stack.endpoint_url)
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.pixfleet.cli", *words, "--stack", stack.prefix],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        document = ""
        while not document.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the console ended"
            document += line
        yield str(json.loads(document)["url"])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130, "Ctrl-C ends the console"


def environment() -> Mapping[str, str]:
    root = str(Path(__file__).parents[2])
    settings = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return os.environ | settings | {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": root}


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


def test_the_handle_moves_by_keyboard(console: Console) -> None:
    window = console.window
    window.open(console.url + PAGES["image"], width=1280)
    window.wait("document.querySelector('#cut')")
    window.wait("[...document.querySelectorAll('.compare img')].every(each => each.naturalWidth)")

    window.press_until("document.activeElement.id === 'cut'")
    window.press("ArrowRight")

    assert window.value("document.querySelector('[data-compare]').style.cssText") == "--cut: 51%;"
