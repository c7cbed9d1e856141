"""A window whose pictures are held back, and then come from their own server."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.browser.page import PAINTED
from tests.browser.window import Window


@dataclass(frozen=True, slots=True)
class Received:
    """A response as the browser got it; the names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """Return the Content-Type, or nothing."""
        return self.headers.get("content-type", "")


@dataclass
class HeldWindow(Window):
    """Requests of `pictures`, the beginning of their URLs, wait until `release()`."""

    pictures: str = ""
    _held: list[Mapping[str, Any]] = field(default_factory=list)

    def open_held(self, url: str, count: int, *, width: int, density: int = 1) -> None:
        """Open a page, and wait until it has requested this many pictures."""
        call = self.chromium.call
        call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=density,
            mobile=False,
        )
        # Otherwise a picture of the window's old width may be requested first.
        self.wait(f"innerWidth === {width} && devicePixelRatio === {density}")
        call("Network.enable")
        call("Network.setCacheDisabled", cacheDisabled=True)
        call("Fetch.enable", patterns=[{"urlPattern": f"{self.pictures}/*"}])
        self.chromium.forget_events()
        call("Page.navigate", url=url)
        while len(self._held) < count:
            self._held.append(self.chromium.next_event("Fetch.requestPaused"))
        self.wait("document.readyState !== 'loading'")

    def release(self) -> Sequence[Received]:
        """Let the held requests go on, wait until the pictures are painted; return responses."""
        for paused in self._held:
            self.chromium.call("Fetch.continueRequest", requestId=paused["requestId"])
        received = [self._response() for _ in self._held]
        self._held.clear()
        self.wait("[...document.images].every(each => each.complete)")
        self.value(PAINTED)
        return [self._received(event) for event in received]

    def box(self, selector: str) -> Sequence[float]:
        """Return left, top, width and height of an element in CSS pixels."""
        rectangle = f"document.querySelector('{selector}').getBoundingClientRect()"
        found: Sequence[float] = self.value(
            f"(({{x, y, width, height}}) => [x, y, width, height])({rectangle})"
        )
        return found

    def close(self) -> None:
        """Leave the page, and hold back nothing of the next one."""
        self.chromium.call("Fetch.disable")
        super().close()

    def _response(self) -> Mapping[str, Any]:
        """Return the event of the next response to a request of a picture."""
        while True:
            event = self.chromium.next_event("Network.responseReceived", "Network.loadingFailed")
            assert "errorText" not in event, event
            if event["response"]["url"].startswith(f"{self.pictures}/"):
                return event

    def _received(self, event: Mapping[str, Any]) -> Received:
        response = event["response"]
        body = self.chromium.call("Network.getResponseBody", requestId=event["requestId"])
        assert body["base64Encoded"]
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Received(
            response["url"], response["status"], headers, base64.b64decode(body["body"])
        )
