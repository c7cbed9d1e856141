"""The console's pages, in moto: who may read them, what they show, and what they change."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from scripts.local.stack import LocalStack
from scripts.pixfleet.console import failures
from scripts.pixfleet.console.app import build_app
from scripts.pixfleet.console.guard import CSRF_FIELD, START
from scripts.pixfleet.console.site import Site
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.discovery import StackName, find_stack
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.fakes import client_error
from tests.support.images import jpeg

pytestmark = pytest.mark.functional

HOST = "127.0.0.1:5590"
KEY = "photos/cat.jpg"
OURS = {"origin": f"http://{HOST}"}
HOSTILE = (
    "<img src=x onerror=alert(1)>.jpg",
    "../../etc/passwd",
    "\u202egpj.exe",
    '"><script>.jpg',
    "{{7*7}}.jpg",
    "ü" * 500,
)
PAGES = ("/", "/failures", "/gallery", "/upload", f"/image?key={KEY}")
PARTS = (
    "/now/lanes",
    "/now/alarms",
    "/now/pace",
    "/now/latest",
    "/failures-by-cause",
    "/gallery/pictures",
    f"/image/answer?key={KEY}",
)

Make = Callable[..., TestClient]


@pytest.fixture(name="make_browser")
def _make_browser(stack: LocalStack) -> Iterator[Make]:
    """Return a function that starts a console and opens its first address."""
    opened: list[TestClient] = []

    def make(*, may_act: bool = False, opens: bool = True, host: str = HOST) -> TestClient:
        clients = AwsClients(region="us-east-1")
        site = Site(find_stack(StackName(stack.prefix), clients), clients, may_act)
        browser = TestClient(build_app(site, host), base_url=f"http://{host}")
        browser.app_state["site"] = site
        browser.__enter__()
        opened.append(browser)
        if opens:
            browser.get(START, params={"token": site.keys.token})
        return browser

    yield make
    for browser in opened:
        browser.__exit__()


@pytest.fixture(name="browser")
def _browser(make_browser: Make) -> TestClient:
    return make_browser()


@pytest.fixture(name="acting")
def _acting(make_browser: Make) -> TestClient:
    return make_browser(may_act=True)


def site_of(browser: TestClient) -> Site:
    site: Site = browser.app_state["site"]
    return site


def text_of(response: Response) -> str:
    """Return the words of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.text)).split())


def csrf_of(browser: TestClient) -> dict[str, str]:
    return {CSRF_FIELD: site_of(browser).keys.csrf}


def shown_form(browser: TestClient, path: str, number: str) -> dict[str, str]:
    """Open a form, and return what a browser sends once the number was typed."""
    form = browser.get(path).text
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {**dict(hidden), "number": number}


# ---------------------------------------------------------------- who may read


def test_the_first_address_works_once(make_browser: Make) -> None:
    browser = make_browser(opens=False)
    token = site_of(browser).keys.token

    first = browser.get(START, params={"token": token}, follow_redirects=False)
    cookie = first.headers["set-cookie"].lower()
    page = browser.get("/")
    browser.cookies.clear()
    second = browser.get(START, params={"token": token})

    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert second.status_code == 403
    assert page.status_code == 200


@pytest.mark.parametrize("path", [*PAGES, *PARTS, "/static/console.css", f"/small?key={KEY}"])
def test_without_the_cookie_nothing_is_answered(make_browser: Make, path: str) -> None:
    browser = make_browser(opens=False)

    assert browser.get(path).status_code == 403
    assert browser.get(path, headers={"cookie": "pixfleet_console_5590=x"}).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_another_token_is_refused_and_does_not_spend_the_right_one(
    make_browser: Make, token: str
) -> None:
    browser = make_browser(opens=False)

    assert browser.get(START, params={"token": token}).status_code == 403
    assert browser.get(START, params={"token": site_of(browser).keys.token}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:5590"},
        {"host": "127.0.0.1"},
        {"host": "localhost:5590"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requests_of_other_pages_are_refused(
    acting: TestClient, headers: dict[str, str], method: str
) -> None:
    sent = {**OURS, **headers}

    assert acting.request(method, "/upload?key=a.jpg", headers=sent).status_code == 403


def test_a_change_needs_an_origin(acting: TestClient) -> None:
    answer = acting.post("/failures/corrupt/redrive", data={**csrf_of(acting), "number": "1"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["/failures/corrupt/redrive", "/failures/corrupt/delete", "/upload?key=a"]
)
@pytest.mark.parametrize("form", [{}, {CSRF_FIELD: "x"}], ids=["missing", "wrong"])
def test_a_change_needs_the_csrf_token(
    acting: TestClient, aws: DirectAccess, path: str, form: dict[str, str]
) -> None:
    aws.add_dead_letter(aws.event(KEY), cause="corrupt", key=KEY)

    answer = acting.post(path, data={**form, "number": "1"}, headers=OURS)

    assert answer.status_code == 403
    assert aws.dead_letters == (1, 0)


@pytest.mark.parametrize(
    "path", ["/failures/corrupt/redrive", "/failures/corrupt/delete", "/upload?key=a"]
)
def test_without_act_nothing_changes(browser: TestClient, aws: DirectAccess, path: str) -> None:
    aws.add_dead_letter(aws.event(KEY), cause="corrupt", key=KEY)
    form = {**csrf_of(browser), "number": "1"}

    answer = browser.post(
        path, data=form, headers={**OURS, "x-csrf-token": site_of(browser).keys.csrf}
    )

    assert answer.status_code == 403
    assert "--act" in text_of(answer)
    assert aws.dead_letters == (1, 0)


@pytest.mark.parametrize("path", [*PAGES, *PARTS])
def test_every_response_has_the_headers_and_no_script_or_style_of_its_own(
    browser: TestClient, path: str
) -> None:
    answer = browser.get(path)

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'; img-src 'self' data:" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert not re.search(r"<script(?! src=\"/static/)|<style| style=| on[a-z]+=", answer.text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)


# ---------------------------------------------------------------- what they show


def test_a_service_that_refuses_takes_only_its_own_part(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Any:  # noqa: ANN401 - never returns
        raise client_error("AccessDeniedException", 400)

    monkeypatch.setattr(site_of(browser).clients.cloudwatch, "get_paginator", refuse)

    refused = browser.get("/now/alarms")
    assert refused.status_code == 200
    assert "This part is missing" in text_of(refused)
    assert "You may not SomeCall" in text_of(refused)
    assert "live" in text_of(browser.get("/now/lanes"))


def test_failures_are_shown_by_cause_with_who_can_fix_them(
    browser: TestClient, aws: DirectAccess
) -> None:
    for number in range(3):
        aws.add_dead_letter(aws.event(f"{number}.jpg"), cause="corrupt", key=f"{number}.jpg")
    aws.add_dead_letter(aws.event("t.jpg"), cause="throttled", key="t.jpg")

    found = text_of(browser.get("/failures-by-cause"))
    assert found.index("throttled 1 AWS") < found.index("corrupt 3 owner")

    page = text_of(browser.get("/failures/corrupt"))
    items = text_of(browser.get("/failures/corrupt/items"))
    assert "3 failed images" in items
    assert all(f"{number}.jpg" in items for number in range(3))
    assert "Redrive …" not in page
    assert "Redrive …" in text_of(browser.get("/failures/throttled"))
    assert aws.dead_letters == (4, 0)


def test_many_dead_letters_are_sampled_and_the_page_says_so(
    browser: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "POLICY", failures.policy(most_read=20))
    for number in range(60):
        aws.add_dead_letter(aws.event(f"{number}.jpg"), cause="corrupt", key=f"{number}.jpg")

    found = text_of(browser.get("/failures-by-cause"))

    assert re.search(r"\d\d dead letters of about 60 were read", found)
    assert aws.dead_letters == (60, 0)


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_text(browser: TestClient, aws: DirectAccess, key: str) -> None:
    aws.add_dead_letter("no event", cause="corrupt", key=key)

    for path, parameters in (
        ("/failures/corrupt/items", {}),
        ("/image", {"key": key}),
        ("/image/answer", {"key": key}),
        ("/gallery", {"prefix": key}),
        ("/gallery/pictures", {"prefix": key}),
    ):
        answer = browser.get(path, params=parameters)
        assert answer.status_code in (200, 502)
        assert not re.search(r"<script(?! src=\"/static/)|<img src=x|\u202e", answer.text)


def test_the_page_of_an_image_has_the_answer_of_why_first(
    browser: TestClient, aws: DirectAccess, run_worker: Callable[..., None]
) -> None:
    aws.drop(KEY, jpeg((300, 200)))
    run_worker()

    page = browser.get("/image/answer", params={"key": KEY})

    assert text_of(page).startswith("It is published:")
    variants = re.findall(r'href="(/variant/[^"]*)"', page.text)
    assert variants
    for path in variants:
        picture = browser.get(unescape(path))
        assert picture.headers["content-type"].startswith("image/")
        assert "sandbox" in picture.headers["content-security-policy"]
    source = browser.get("/source/320", params={"key": KEY})
    assert source.status_code == 200
    assert source.content != jpeg((300, 200))
    gallery = browser.get("/gallery/pictures")
    assert KEY in text_of(gallery)
    assert browser.get("/small", params={"key": KEY}).headers["content-type"].startswith("image/")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/source/320?key=none.jpg", 404),
        ("/source/321?key=none.jpg", 400),
        ("/small?key=none.jpg", 404),
        ("/variant/w320/svg?key=none.jpg", 400),
        ("/variant/../avif?key=none.jpg", 404),
        ("/image", 400),
        ("/redrives/..%2f..", 404),
        ("/failures/nonsense", 400),
        ("/static/../app.py", 404),
        ("/static/..%2fapp.py", 404),
    ],
)
def test_what_does_not_exist_is_refused_in_words(
    browser: TestClient, path: str, status: int
) -> None:
    answer = browser.get(path)

    assert answer.status_code == status
    assert "Traceback" not in answer.text


# ---------------------------------------------------------------- what they change


def test_a_redrive_needs_the_number_and_is_followed(
    acting: TestClient, aws: DirectAccess, run_worker: Callable[..., None]
) -> None:
    aws.drop(KEY, jpeg())
    aws.add_dead_letter(aws.event(KEY), cause="throttled", key=KEY)
    path = "/failures/throttled/redrive"
    assert "Type 1 to go on" in text_of(acting.get(path))

    refused = acting.post(path, data=shown_form(acting, path, "2"), headers=OURS)
    assert refused.status_code == 400
    assert "expected the number 1, got '2'" in text_of(refused)

    sent = acting.post(path, data=shown_form(acting, path, "1"), headers=OURS)
    assert sent.status_code == 200
    assert sent.url.path.startswith("/redrives/")
    run_worker()
    status = text_of(acting.get(f"{sent.url.path}/status"))
    assert "Sent 1 Fixed 1 Waiting 0 Failed again 0" in status


def test_a_deletion_keeps_a_copy(
    acting: TestClient, aws: DirectAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    aws.add_dead_letter(aws.event(KEY), cause="corrupt", key=KEY)
    aws.add_dead_letter(aws.event("other.jpg"), cause="truncated", key="other.jpg")

    path = "/failures/corrupt/delete"
    page = acting.post(path, data=shown_form(acting, path, "1"), headers=OURS)

    assert "1 dead letter deleted" in text_of(page)
    (copy,) = tmp_path.glob("pixfleet-deleted-*.jsonl")
    assert KEY in copy.read_text()
    assert aws.dead_letters == (1, 0)


def upload(browser: TestClient, key: str, data: bytes, **more: str) -> Response:
    token = site_of(browser).keys.csrf
    headers = {**OURS, "x-csrf-token": token}
    return browser.post("/upload", params={"key": key, **more}, content=data, headers=headers)


def test_an_upload_becomes_a_picture_or_a_refusal(
    acting: TestClient, run_worker: Callable[..., None]
) -> None:
    outcomes = []
    for key, data in {KEY: jpeg(), "bad.jpg": b"<html>"}.items():
        etag = upload(acting, key, data).json()["etag"]
        query = {"key": key, "etag": etag}
        assert acting.get("/upload/outcome", params=query).json() == {"state": "pending"}
        run_worker()
        outcomes.append(acting.get("/upload/outcome", params=query).json())

    assert outcomes[0] == {"state": "published"}
    assert (outcomes[1]["state"], outcomes[1]["cause"]) == ("rejected", "not_an_image")


@pytest.mark.parametrize("key", ["", "x" * 1025])
def test_a_key_that_cannot_be_is_refused(acting: TestClient, key: str) -> None:
    assert upload(acting, key, jpeg()).status_code == 400


def test_a_file_over_the_limit_is_refused(
    acting: TestClient, stack: LocalStack, aws: DirectAccess
) -> None:
    site = site_of(acting)
    site.stack.environment["PIXFLEET_MAX_BYTES"] = "1000"  # type: ignore[index]

    answer = upload(acting, KEY, b"x" * 1001)

    assert answer.status_code == 413
    listed = aws.clients.s3.list_objects_v2(Bucket=stack.sources_bucket)
    assert listed["KeyCount"] == 0
