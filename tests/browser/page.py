"""A page in headless Chromium whose requests the test answers, so that no server is needed."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from tests.browser.chromium import Chromium

HOST = "https://page.example"
# Shifts of the layout since the page began: https://web.dev/articles/cls
SHIFTS = """
new Promise(resolve => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() =>
    resolve(observer.takeRecords().reduce((sum, each) => sum + each.value, 0))));
})
"""
# `load` comes before the picture is decoded and painted.
PAINTED = """
Promise.all([...document.images].map(each => each.decode().catch(() => 0))).then(() =>
  new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)))))
"""


@dataclass
class Page:
    """A page of HTML, opened in a window of a given size.

    `files` are the pictures' bytes by path and query. They are held back until `release()`.
    """

    chromium: Chromium
    html: str
    files: Mapping[str, bytes]
    width: int
    density: int = 1
    has_scripts: bool = True
    requested: list[str] = field(default_factory=list)
    _held: list[Mapping[str, Any]] = field(default_factory=list)

    def open(self, pictures: int) -> None:
        """Open the page, and wait until it has requested this many pictures."""
        call = self.chromium.call
        call(
            "Emulation.setDeviceMetricsOverride",
            width=self.width,
            height=900,
            deviceScaleFactor=self.density,
            mobile=False,
        )
        while self.value("innerWidth") != self.width:
            pass  # otherwise a picture of the old width may be requested first
        call("Emulation.setScriptExecutionDisabled", value=not self.has_scripts)
        call("Network.enable")
        call("Network.setCacheDisabled", cacheDisabled=True)
        call("Fetch.enable", patterns=[{"urlPattern": f"{HOST}/*"}])
        self.chromium.forget_events()
        # Its answer comes with the page, so nothing waits for it.
        call("Runtime.evaluate", expression=f"location.href = '{HOST}/'")
        document = self._paused()
        self._fulfil(document, "text/html; charset=utf-8", self.html.encode())
        while len(self._held) < pictures:
            paused = self._paused()
            address = urlsplit(paused["request"]["url"])
            self._held.append(paused)
            self.requested.append(f"{address.path}?{address.query}")
        # A picture can be requested before the page is parsed.
        while self.value("document.readyState") == "loading":
            pass

    def release(self) -> None:
        """Answer the held requests, and wait until the pictures are painted."""
        for paused, name in zip(self._held, self.requested, strict=True):
            self._fulfil(paused, "image/png", self.files[name])
        self._held.clear()
        while not self.value("[...document.images].every(each => each.complete)"):
            pass
        # Without scripts no promise is resolved. The page's own `load` events are over.
        self.chromium.call("Emulation.setScriptExecutionDisabled", value=False)
        self.value(PAINTED)

    def value(self, script: str) -> Any:  # noqa: ANN401 - any value of JSON
        """Return the value of an expression; without scripts it must not be a promise."""
        answer = self.chromium.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def shifts(self) -> float:
        """Return the sum of all layout shifts."""
        return float(self.value(SHIFTS))

    def box(self, selector: str) -> Sequence[float]:
        """Return left, top, width and height of an element in CSS pixels."""
        rectangle = f"document.querySelector('{selector}').getBoundingClientRect()"
        found: Sequence[float] = self.value(
            f"(({{x, y, width, height}}) => [x, y, width, height])({rectangle})"
        )
        return found

    def screenshot(self) -> Image.Image:
        """Return what the window shows."""
        data = self.chromium.call("Page.captureScreenshot", format="png")["data"]
        return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")

    def close(self) -> None:
        """Let the next page begin in an empty window with the browser's own settings."""
        self.chromium.call("Fetch.disable")
        self.chromium.call("Emulation.setScriptExecutionDisabled", value=False)
        self.chromium.call("Page.navigate", url="about:blank")

    def _paused(self) -> Mapping[str, Any]:
        return self.chromium.next_event("Fetch.requestPaused")

    def _fulfil(self, paused: Mapping[str, Any], content_type: str, body: bytes) -> None:
        self.chromium.call(
            "Fetch.fulfillRequest",
            requestId=paused["requestId"],
            responseCode=200,
            responseHeaders=[{"name": "Content-Type", "value": content_type}],
            body=base64.b64encode(body).decode(),
        )
