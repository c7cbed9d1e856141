"""The console where something goes wrong: refusing services, busy children, second clicks."""

import re
import webbrowser
from collections.abc import Callable
from html import unescape
from pathlib import Path
from socket import socket
from threading import Event, Thread, current_thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from scripts.pixfleet.console import changes, pictures, server
from scripts.pixfleet.console.guard import START
from scripts.pixfleet.console.redrives import Run
from scripts.pixfleet.console.site import Site
from scripts.pixfleet.dlq.redrive import Tally
from shared.model.errors import Corrupt
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.cli.test_console import (
    HOST,
    KEY,
    OURS,
    Make,
    _acting,
    _browser,
    _make_browser,
    shown_form,
    site_of,
    text_of,
    upload,
)
from tests.support.fakes import client_error
from tests.support.images import jpeg

__all__ = ["_acting", "_browser", "_make_browser"]

pytestmark = [pytest.mark.functional, pytest.mark.allow_hosts(["127.0.0.1"])]

RUN = Run("20261130-abc", "throttled", "", 1, Tally())


def refuse(*_: object, **__: object) -> Any:  # noqa: ANN401 - never returns
    raise client_error("AccessDeniedException", 400)


# ---------------------------------------------------------------- who may read


def test_the_first_address_leads_its_own_browser_to_the_pages_again(make_browser: Make) -> None:
    """A restored tab, the back button, or a browser that loads addresses ahead."""
    browser = make_browser()
    start = {"token": site_of(browser).keys.token}

    again = browser.get(START, params=start, follow_redirects=False)

    assert (again.status_code, again.headers["location"]) == (303, "/")
    browser.cookies.clear()
    assert browser.get(START, params=start).status_code == 403


def test_two_consoles_have_cookies_of_their_own(make_browser: Make) -> None:
    """Cookies do not know ports: https://www.rfc-editor.org/rfc/rfc6265#section-8.5."""
    names = []
    for host in (HOST, "127.0.0.1:5591"):
        browser = make_browser(opens=False, host=host)
        start = {"token": site_of(browser).keys.token}
        browser.get(START, params=start, headers={"host": host}, follow_redirects=False)
        names += list(browser.cookies.keys())

    assert len(set(names)) == 2


def test_browsers_leave_out_the_port_80() -> None:
    """https://url.spec.whatwg.org/#url-port: a scheme's default port is null."""
    assert server.host_header(80) == "127.0.0.1"
    assert server.host_header(8080) == "127.0.0.1:8080"


# ---------------------------------------------------------------- services that refuse


def test_the_page_of_now_stays_a_page_without_sqs(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_of(browser).clients.sqs, "get_queue_attributes", refuse)

    page = browser.get("/")

    assert "<nav" in page.text
    assert "/now/alarms" in page.text
    assert "Not read: lane live. You may not SomeCall" in text_of(page)
    assert "Not read: dead letters." in text_of(page)
    assert "No dead letters" not in text_of(page)


def test_one_lane_that_is_refused_hides_no_other(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of(browser)
    ask, live = site.clients.sqs.get_queue_attributes, site.stack.lanes["live"].queue

    def some(**arguments: Any) -> Any:  # noqa: ANN401 - what boto3 gives
        return refuse() if arguments["QueueUrl"].endswith(live) else ask(**arguments)

    monkeypatch.setattr(site.clients.sqs, "get_queue_attributes", some)

    rows = re.findall(r'<th scope="row">(\w+)', browser.get("/now/lanes").text)

    assert rows == [name for name in site.stack.lanes if name != "live"]


def test_the_page_of_a_cause_stays_a_page_without_sqs(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_of(browser).clients.sqs, "receive_message", refuse)

    page = browser.get("/failures/corrupt")

    assert "<nav" in page.text
    assert "This part is missing" in text_of(browser.get("/failures/corrupt/items"))


def test_a_key_without_an_entry_has_no_ledger(browser: TestClient) -> None:
    page = text_of(browser.get("/image/answer", params={"key": "none.jpg"}))

    assert "This key is unknown" in page
    assert "Ledger" not in page
    assert "1970" not in page


def test_a_part_that_is_refused_can_be_asked_for_again(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_of(browser).clients.dynamodb, "query", refuse)

    page = browser.get("/gallery/pictures", params={"prefix": "a b/&"})
    (again,) = re.findall(r'data-again="([^"]*)"', page.text)
    monkeypatch.undo()

    assert "None of the newest" not in text_of(page)
    assert "Nothing is published yet" not in text_of(browser.get(unescape(again)))
    assert unescape(again).startswith("/gallery/pictures?prefix=a")


# ---------------------------------------------------------------- changes


def test_a_deletion_that_fails_says_how_many_are_deleted_and_where_their_copies_are(
    acting: TestClient,
    aws: DirectAccess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    aws.add_dead_letter(aws.event(KEY), cause="corrupt", key=KEY)

    def delete(_: object, __: object, ___: object, advance: Callable[[int], None]) -> int:
        advance(100)
        return int(refuse())

    monkeypatch.setattr(changes, "delete_dead_letters", delete)

    path = "/failures/corrupt/delete"
    page = acting.post(path, data=shown_form(acting, path, "1"), headers=OURS)

    assert page.status_code == 502
    assert "100 dead letters deleted" in text_of(page)
    assert "pixfleet-deleted-" in text_of(page)
    assert "You may not SomeCall" in text_of(page)
    assert "Nothing was done" not in text_of(page)


@pytest.mark.parametrize(
    ("key", "words"), [("", "expected the key"), ("x" * 1025, "1024"), ("a/../b.jpg", "..")]
)
def test_an_upload_that_is_refused_says_why_to_the_script(
    acting: TestClient, key: str, words: str
) -> None:
    answer = upload(acting, key, jpeg())

    assert answer.status_code == 400
    assert words in answer.json()["problem"]


def test_an_upload_that_s3_refuses_says_why_to_the_script(
    acting: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_of(acting).clients.s3, "head_object", refuse)

    answer = upload(acting, KEY, jpeg())

    assert answer.status_code == 502
    assert "You may not SomeCall" in answer.json()["problem"]


# ---------------------------------------------------------------- thumbnails


def test_a_picture_that_waits_for_another_is_given_up_soon(
    browser: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Browsers open six connections: pictures that wait would keep them from the page."""
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    aws.drop(KEY, jpeg())
    shown = site_of(browser).pictures

    with shown.lock:
        busy = browser.get("/source/320", params={"key": KEY})

    assert busy.status_code == 503
    assert int(busy.headers["retry-after"]) > 0
    assert browser.get("/source/320", params={"key": KEY}).status_code == 200


def test_a_source_that_cannot_be_decoded_is_tried_once(
    browser: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.drop(KEY, b"broken")
    tried = []

    def render(_: object, data: bytes, __: int) -> Any:  # noqa: ANN401 - never returns
        tried.append(data)
        raise Corrupt("no scan")

    monkeypatch.setattr(pictures.Pictures, "_render", render)

    answers = [browser.get("/source/320", params={"key": KEY}) for _ in range(2)]

    assert [each.status_code for each in answers] == [404, 404]
    assert [each.text for each in answers] == ["corrupt: no scan"] * 2
    assert len(tried) == 1


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("raised", [None, webbrowser.Error("no browser")], ids=str)
def test_a_browser_that_cannot_be_opened_is_named(
    pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch, raised: Exception | None
) -> None:
    """It is opened beside the server: a browser of the terminal ends only with its user."""
    tried = Event()

    def fail(_: str) -> bool:
        opener.append(current_thread())
        tried.set()
        if raised:
            raise raised
        return False

    def serve(_: Site, listening: socket) -> None:
        listening.close()
        assert tried.wait(30)
        opener[0].join(30)

    opener: list[Thread] = []
    monkeypatch.setattr(webbrowser, "open", fail)
    monkeypatch.setattr(server, "serve", serve)

    assert "No browser could be opened" in pixfleet("console").err
    assert opener[0] is not current_thread()


def test_ctrl_c_names_the_redrive_that_it_ends(
    pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(site: Site, listening: socket) -> None:
        listening.close()
        site.redrives.started_or("throttled", "", lambda: RUN)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", serve)

    ended = pixfleet("console", "--no-open")

    assert "pixfleet dlq status 20261130-abc" in ended.err


def test_a_port_that_is_in_use_is_named(pixfleet: RunCommand) -> None:
    with server.listen(0) as listening:
        port = listening.getsockname()[1]
        refused = pixfleet("console", "--no-open", "--port", port)

    assert refused.code == 2
    assert f"Port {port} cannot be used" in refused.err
