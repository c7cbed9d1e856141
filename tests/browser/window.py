"""A window of headless Chromium on a page that a server on loopback answers."""

import base64
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser.chromium import Chromium
from tests.browser.page import SHIFTS

# Any machine is faster, unless something hangs.
MOST_SECONDS = 60
MOST_PRESSES = 200
# https://developer.mozilla.org/en-US/docs/Web/API/KeyboardEvent/keyCode
KEY_CODES = {"Tab": 9, "Enter": 13, "ArrowRight": 39}
# Runs before the page's own scripts: time passes quickly, and errors are kept.
FIRST = """
const wait = window.setTimeout;
window.setTimeout = (call, milliseconds, ...more) => wait(call, milliseconds / 100, ...more);
window.errors = [];
const complain = console.error;
console.error = (...words) => { window.errors.push(words.join(' ')); complain(...words); };
"""


@dataclass
class Window:
    """A page in a window of a given width and density; the browser's cache is off."""

    chromium: Chromium
    _first: str = ""

    def open(self, url: str, *, width: int, density: int = 1) -> None:
        """Open a page, and wait until it is parsed and its scripts have run."""
        self.open_first(url, width=width, density=density)
        self.wait(f"location.href === {url!r}")

    def open_first(self, url: str, *, width: int, density: int = 1) -> None:
        """Open a page that leads to another, and wait until this one is loaded."""
        call = self.chromium.call
        call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=density,
            mobile=False,
        )
        call("Page.enable")
        call("Network.enable")
        call("Network.setCacheDisabled", cacheDisabled=True)
        if not self._first:
            added = call("Page.addScriptToEvaluateOnNewDocument", source=FIRST)
            self._first = added["identifier"]
        self.chromium.forget_events()
        call("Page.navigate", url=url)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def press(self, key: str) -> None:
        """Press and release a key, such as Tab or Enter."""
        text = {"Enter": "\r"}.get(key, "")
        code = KEY_CODES[key]
        for kind in ("keyDown", "keyUp"):
            self.chromium.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def press_until(self, condition: str, key: str = "Tab") -> None:
        """Press a key until an expression is true, as often as a page has things to focus."""
        for _ in range(MOST_PRESSES):
            if self.value(f"!!({condition})"):
                return
            self.press(key)
        raise AssertionError(condition)

    def type(self, text: str) -> None:
        """Type text into what has the focus."""
        self.chromium.call("Input.insertText", text=text)

    def choose(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files in a file field."""
        root = self.chromium.call("DOM.getDocument")["root"]["nodeId"]
        node = self.chromium.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.chromium.call(
            "DOM.setFileInputFiles", nodeId=node, files=[str(each) for each in files]
        )

    def wait(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true."""
        end = time.monotonic() + MOST_SECONDS
        while not self.value(f"!!({condition})"):
            assert time.monotonic() < end, (condition, self.value("document.body.innerText"))
            time.sleep(0.02)

    def value(self, script: str) -> Any:  # noqa: ANN401 - any value of JSON
        """Return the value of an expression, or of what its promise resolves to."""
        answer = self.chromium.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            return None  # of a page that is being replaced
        return answer["result"].get("value")

    def close(self) -> None:
        """Leave the page, and forget the script that runs before each."""
        self.chromium.call("Page.navigate", url="about:blank")
        if self._first:
            self.chromium.call("Page.removeScriptToEvaluateOnNewDocument", identifier=self._first)

    def shifts(self) -> float:
        """Return the sum of all layout shifts."""
        return float(self.value(SHIFTS))

    def screenshot(self) -> Image.Image:
        """Return what the window shows."""
        data = self.chromium.call("Page.captureScreenshot", format="png")["data"]
        return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
