"""The page of docs/upload in Chromium: built with a version of Uppy, served, and operated."""

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from scripts.local.next_steps import FOLDER, PASSWORD, USER, page_config
from scripts.local.terraform_root import ROOT
from tests.browser.chromium import Chromium
from tests.e2e.whole_stack import WholeStack

PAGE, UPPY_5 = ROOT / "docs" / "upload", ROOT / "tests" / "browser" / "uppy5"
API_PAGE = ROOT / "docs" / "api.md"
SOURCES = (
    "index.html",
    "style.css",
    "page.js",
    "pixfleet.js",
    "sign_in.js",
    "unfinished.js",
    "uppy.js",
)
LOCKED = (".npmrc", "package.json", "package-lock.json")
# The stack allows this origin, whatever the port is that the test serves the page on.
ORIGIN = "http://localhost:8000"
SECONDS = 240.0


def built_page(folder: Path, uppy: int) -> Path:
    """Build the page in a folder with this version of Uppy, as its package.json says."""
    for name in SOURCES:
        shutil.copy(PAGE / name, folder)
    packages = installed(PAGE)
    found = packages if uppy == 6 else installed(UPPY_5)
    (folder / "node_modules").symlink_to(found)
    (example,) = re.findall(r"```ts\n(.*?)```", API_PAGE.read_text(), re.DOTALL)
    (folder / "example.ts").write_text(example)
    esbuild, files = packages / ".bin" / "esbuild", ("page.js", "example.ts")
    command = [str(esbuild), *files, "--bundle", "--format=esm", "--outdir=dist"]
    subprocess.run(command, cwd=folder, check=True)
    return folder


def installed(shipped: Path) -> Path:
    """Return the folder of the locked packages, installed into `build/`."""
    wanted = sha256(b"".join((shipped / name).read_bytes() for name in LOCKED)).hexdigest()
    folder = ROOT / "build" / f"{shipped.name}-{wanted[:12]}"
    if not (folder / ".ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in LOCKED:
            shutil.copy(shipped / name, folder)
        npm = shutil.which("npm")
        assert npm, "Expected npm on PATH, got none: install Node.js 20 or newer."
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
        (folder / ".ready").touch()
    return folder / "node_modules"


class Files(SimpleHTTPRequestHandler):
    """Serves a folder, without a log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder on loopback; the port is any free one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class UploadPage:
    """The open page, after the user has signed in."""

    chromium: Chromium
    uppy: int
    requests: list[tuple[str, str]] = field(default_factory=list)
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def load(self) -> None:
        """Load the page anew, as after a crash of the browser, and sign in."""
        self.chromium.call("Page.navigate", url=f"{ORIGIN}/")
        self.until(
            lambda: self.chromium.value(
                "document.getElementById('uploads')?.hidden"
                " && !document.querySelector('#sign-in button').disabled"
            )
        )
        self.chromium.value(
            f"(form => {{ form.user.value = '{USER}'; form.password.value = '{PASSWORD}';"
            "form.querySelector('button').click(); })(document.forms[0])"
        )
        self.until(lambda: self.chromium.value("!document.getElementById('uploads').hidden"))

    def choose(self, *files: Path) -> None:
        """Choose files, as a person does in the dialogue."""
        self.requests.clear()
        self.statuses.clear()
        document = self.chromium.call("DOM.getDocument")["root"]["nodeId"]
        field = self.chromium.call("DOM.querySelector", nodeId=document, selector="#files")
        self.chromium.call(
            "DOM.setFileInputFiles", nodeId=field["nodeId"], files=[str(each) for each in files]
        )

    def upload_by_the_example(self, key: str, data: bytes) -> Mapping[str, Any]:
        """Call the TypeScript of docs/api.md, and return the record that it returns."""
        sent = base64.b64encode(data).decode()
        called = f"""(async () => {{
            const {{ upload }} = await import("/dist/example.js");
            const {{ signIn }} = await import("/sign_in.js");
            const config = await (await fetch("/config.json")).json();
            const token = await signIn(config.sign_in, "{USER}", "{PASSWORD}");
            const data = Uint8Array.from(atob("{sent}"), (each) => each.charCodeAt(0));
            const file = new File([data], "cat.jpg", {{ type: "image/jpeg" }});
            return JSON.stringify(await upload(config.api, token, "{key}", file));
        }})()"""
        record: Mapping[str, Any] = json.loads(self.chromium.value(called))
        return record

    def state(self, name: str) -> str:
        """Return the state of a file's row."""
        return str(self.chromium.value(f"{self._row(name)}?.dataset.state"))

    def text(self, name: str) -> str:
        """Return what a file's row says."""
        return str(self.chromium.value(f"{self._row(name)}.querySelector('.state').textContent"))

    def percent(self, name: str) -> float:
        """Return how far the progress bar is."""
        return float(self.chromium.value(f"{self._row(name)}.querySelector('progress').value"))

    def press(self, name: str, button: str) -> None:
        """Click a button of a file's row."""
        self.chromium.value(f"{self._row(name)}.querySelector('{button}').click()")

    def picture(self, name: str) -> str:
        """Return the address of the picture in a file's row, once it is shown."""
        image = f"{self._row(name)}.querySelector('img')"
        self.until(lambda: self.chromium.value(f"{image}.naturalWidth > 0"))
        return str(self.chromium.value(f"{image}.src"))

    def until_state(self, name: str, *states: str) -> str:
        """Wait until a file's row has one of these states, and return it."""
        self.until(lambda: self.state(name) in states)
        return self.state(name)

    def until_ended(self, name: str) -> str:
        """Wait until a file is ready, or something went wrong, and return the state of its row."""
        return self.until_state(name, "ready", "refused", "failed")

    def until(self, is_so: Callable[[], Any]) -> None:
        """Wait until something is true; note the requests and answers meanwhile."""
        give_up_at = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < give_up_at, self.chromium.value("document.body.innerText")
            time.sleep(0.1)
        self._note()

    def block(self, *patterns: str) -> None:
        """Cut the connection of every request whose URL has one of these patterns."""
        self.chromium.call("Network.setBlockedURLs", urls=list(patterns))

    def sent(self, method: str, part: str) -> Sequence[str]:
        """Return the URLs that were requested since the last choice."""
        self._note()
        return [url for used, url in self.requests if used == method and part in url]

    def screenshot(self, width: int) -> bytes:
        """Return the page as PNG, in a window of this width."""
        self.chromium.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.until(lambda: self.chromium.value("innerWidth") == width)
        shown = self.chromium.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shown["data"])

    def _row(self, name: str) -> str:
        names = "[...document.querySelectorAll('#list li')]"
        return f"{names}.find(row => row.querySelector('.name').textContent === '{name}')"

    def _note(self) -> None:
        self.chromium.value("0")  # Events are read while an answer is waited for.
        for event in self.chromium.events():
            values: Mapping[str, Any] = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent":
                request = values["request"]
                self.requests.append((request["method"], request["url"]))
            if event.get("method") == "Network.responseReceived":
                response = values["response"]
                self.statuses.append((response["url"], response["status"]))


@contextmanager
def opened(stack: WholeStack, folder: Path, uppy: int) -> Iterator[UploadPage]:
    """Build the page for a stack, open it in a browser, and sign in."""
    built_page(folder, uppy)
    config = page_config(stack.instance, stack.names)
    (folder / "config.json").write_text(json.dumps(config))
    with (
        served(folder) as port,
        Chromium(f"--host-resolver-rules=MAP localhost:8000 127.0.0.1:{port}") as chromium,
    ):
        page = UploadPage(chromium, uppy)
        chromium.call("Network.enable")
        page.load()
        assert config["folder"] == FOLDER
        yield page
