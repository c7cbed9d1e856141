"""The element of docs/urls.md makes Chromium send client hints to the distribution's host."""

import base64

import pytest

from tests.browser.chromium import Chromium
from tests.support.urls_page import example

pytestmark = pytest.mark.imaging

PICTURE = "https://img.example.com/cat.jpg?w=auto"


@pytest.mark.parametrize(("delegates", "expected"), [(True, ("800", "800", "2")), (False, None)])
def test_the_element_delegates_the_hints(
    *, delegates: bool, expected: tuple[str, str, str] | None
) -> None:
    meta = example("delegate") if delegates else ""
    html = (
        f"<!doctype html><html lang=en><title>A page</title><link rel=icon href=data:,>{meta}"
        f'<img src="{PICTURE}" sizes="50vw" alt="" width=400 height=300>'
    )

    with Chromium() as chromium:
        headers = headers_of_the_picture(chromium, html)

    names = ("sec-ch-width", "sec-ch-viewport-width", "sec-ch-dpr")
    found = tuple(headers.get(name) for name in names)
    assert found == (expected or (None, None, None))


def headers_of_the_picture(chromium: Chromium, html: str) -> dict[str, str]:
    """Return the request headers of a page's only picture, in a window of 800 pixels at DPR 2."""
    call = chromium.call
    window = {"width": 800, "height": 600, "deviceScaleFactor": 2, "mobile": False}
    call("Emulation.setDeviceMetricsOverride", **window)
    call("Fetch.enable", patterns=[{"urlPattern": "https://*"}])
    chromium.forget_events()
    call("Runtime.evaluate", expression="location.href = 'https://page.example/'")
    page = chromium.next_event("Fetch.requestPaused")
    call(
        "Fetch.fulfillRequest",
        requestId=page["requestId"],
        responseCode=200,
        responseHeaders=[{"name": "Content-Type", "value": "text/html"}],
        body=base64.b64encode(html.encode()).decode(),
    )
    request = chromium.next_event("Fetch.requestPaused")["request"]
    assert request["url"] == PICTURE
    return {name.lower(): value for name, value in request["headers"].items()}
