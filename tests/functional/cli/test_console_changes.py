"""What the console changes is what its form has shown, or the page says what differs."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from scripts.pixfleet.console import changes
from scripts.pixfleet.dlq.redrive import Redriver
from shared.model.errors import Throttled
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.cli.test_console import (
    KEY,
    OURS,
    _acting,
    _browser,
    _make_browser,
    shown_form,
    site_of,
    text_of,
    upload,
)
from tests.support.images import jpeg

__all__ = ["_acting", "_browser", "_make_browser"]

pytestmark = [pytest.mark.functional, pytest.mark.usefixtures("_at_once")]

REDRIVE, DELETE = "/failures/throttled/redrive", "/failures/corrupt/delete"


class RunsAtOnce(Thread):
    def start(self) -> None:
        """Run in the request's own thread."""
        self.run()


class NeverRuns(Thread):
    def start(self) -> None:
        """Do nothing."""


@pytest.fixture(name="_at_once")
def _at_once_fixture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(changes, "Thread", RunsAtOnce)
    monkeypatch.chdir(tmp_path)


def add(aws: DirectAccess, cause: str, *names: str) -> None:
    for name in names:
        aws.add_dead_letter(aws.event(f"{name}.jpg"), cause=cause, key=f"{name}.jpg")


def send(browser: TestClient, path: str, form: dict[str, str]) -> Response:
    return browser.post(path, data=form, headers=OURS)


def status_of(browser: TestClient, sent: Response) -> str:
    return text_of(browser.get(f"{sent.url.path}/status"))


def test_a_redrive_sends_what_was_counted_and_nothing_that_came_later(
    acting: TestClient, aws: DirectAccess
) -> None:
    add(aws, "throttled", "a", "b")
    form = shown_form(acting, REDRIVE, "2")
    add(aws, "throttled", "late")

    sent = send(acting, REDRIVE, form)

    assert aws.dead_letters == (1, 0)
    assert "2 of 2 confirmed dead letters sent back." in status_of(acting, sent)
    assert "late.jpg" in text_of(acting.get("/failures/throttled/items"))


def test_the_command_sends_what_it_asked_about_and_nothing_that_came_later(
    pixfleet: RunCommand, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confirm(*_: object, **__: object) -> None:
        add(aws, "throttled", "late")

    monkeypatch.setattr("scripts.pixfleet.terminal.console.Console.confirm", confirm)
    add(aws, "throttled", "a", "b")

    sent = pixfleet("dlq", "redrive", "--cause", "throttled", "--json")

    assert sent.document["sent"] == 2
    assert sent.document["selection"] == "cause throttled"
    assert aws.dead_letters == (1, 0)


def test_a_deletion_deletes_what_was_counted_and_nothing_that_came_later(
    acting: TestClient, aws: DirectAccess
) -> None:
    add(aws, "corrupt", "a", "b")
    form = shown_form(acting, DELETE, "2")
    add(aws, "corrupt", "late")

    page = send(acting, DELETE, form)

    assert "2 dead letters deleted" in text_of(page)
    assert "confirmed" not in text_of(page)
    assert aws.dead_letters == (1, 0)


@pytest.mark.parametrize("path", [REDRIVE, DELETE], ids=["redrive", "delete"])
def test_what_is_gone_since_the_form_was_shown_is_named(
    acting: TestClient, aws: DirectAccess, path: str
) -> None:
    add(aws, path.split("/")[2], "a", "b", "c")
    form = shown_form(acting, path, "3")
    (taken,) = aws.clients.sqs.receive_message(
        QueueUrl=aws.url(aws.stack.dead_letter_queue), MaxNumberOfMessages=1
    )["Messages"]
    assert taken

    page = send(acting, path, form)

    if path == REDRIVE:
        said = status_of(acting, page)
        assert "2 of 3 confirmed dead letters sent back." in said
        assert "Not found: 1." in said
    else:
        assert "2 dead letters deleted" in text_of(page)
        assert "3 dead letters were confirmed. The other 1 " in text_of(page)


def test_what_a_lane_refuses_is_named(
    acting: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(aws, "throttled", "a", "b")
    submit = Redriver._send

    def some(redriver: Redriver, dead_letter: Any) -> Any:  # noqa: ANN401 - as it is
        return (
            Throttled("slow down") if dead_letter.key == "a.jpg" else submit(redriver, dead_letter)
        )

    monkeypatch.setattr(Redriver, "_send", some)

    said = status_of(acting, send(acting, REDRIVE, shown_form(acting, REDRIVE, "2")))

    assert "1 of 2 confirmed dead letters sent back." in said
    assert "Refused, and still in the queue: 1." in said
    assert "slow down" in said
    assert aws.dead_letters == (1, 0)


def test_a_redrive_that_is_interrupted_says_how_far_it_came(
    acting: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(aws, "throttled", "a")

    def fail(*_: object, **__: object) -> None:
        raise Throttled("slow down")

    monkeypatch.setattr(Redriver, "run", fail)

    said = status_of(acting, send(acting, REDRIVE, shown_form(acting, REDRIVE, "1")))

    assert "0 of 1 confirmed dead letter sent back. It was interrupted." in said
    assert "slow down" in said


@pytest.mark.parametrize("path", [REDRIVE, DELETE], ids=["redrive", "delete"])
def test_a_form_without_its_confirmation_changes_nothing(
    acting: TestClient, aws: DirectAccess, path: str
) -> None:
    add(aws, path.split("/")[2], "a")
    form = shown_form(acting, path, "1")
    add(aws, "truncated", "b")
    other = shown_form(acting, "/failures/truncated/delete", "1")

    for changed in ({"confirmation": ""}, {"confirmation": "x"}, other):
        answer = send(acting, path, {**form, **changed})
        assert answer.status_code == 400
        assert "open it again" in text_of(answer)

    assert aws.dead_letters == (2, 0)


def test_a_deletion_that_is_sent_twice_is_done_once(acting: TestClient, aws: DirectAccess) -> None:
    add(aws, "corrupt", "a")
    form = shown_form(acting, DELETE, "1")
    assert "1 dead letter deleted" in text_of(send(acting, DELETE, form))
    add(aws, "corrupt", "b")

    again = send(acting, DELETE, form)

    assert again.status_code == 400
    assert aws.dead_letters == (1, 0)


def test_a_second_click_follows_the_redrive_that_runs(
    acting: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "Thread", NeverRuns)
    add(aws, "throttled", "a")
    forms = [shown_form(acting, REDRIVE, "1") for _ in range(2)]

    places = {send(acting, REDRIVE, form).url.path for form in (*forms, forms[0])}

    (place,) = places
    assert site_of(acting).redrives.running == [place.rpartition("/")[2]]
    said = text_of(acting.get(f"{place}/status"))
    assert "The redrive of 1 confirmed dead letter is running." in said


def test_a_second_click_follows_a_redrive_that_has_ended(
    acting: TestClient, aws: DirectAccess
) -> None:
    add(aws, "throttled", "a")
    form = shown_form(acting, REDRIVE, "1")

    first, second = (send(acting, REDRIVE, form) for _ in range(2))

    assert first.url.path == second.url.path
    assert site_of(acting).redrives.running == []
    assert aws.dead_letters == (0, 0)


def test_forms_and_redrives_that_are_kept_are_few(acting: TestClient, aws: DirectAccess) -> None:
    add(aws, "corrupt", "a")

    forms = [shown_form(acting, DELETE, "1") for _ in range(30)]

    assert send(acting, DELETE, forms[0]).status_code == 400
    assert send(acting, DELETE, forms[-1]).status_code == 200


def test_an_upload_replaces_nothing_unless_it_is_told_to(
    acting: TestClient, aws: DirectAccess
) -> None:
    first, other = jpeg((30, 20)), jpeg((40, 20))
    assert upload(acting, KEY, first).status_code == 200

    same, refused = upload(acting, KEY, first), upload(acting, KEY, other)

    assert (same.status_code, same.json()) == (409, {"exists": True, "is_same": True})
    assert (refused.status_code, refused.json()) == (409, {"exists": True, "is_same": False})
    assert source(aws) == first
    assert upload(acting, KEY, other, replace="1").status_code == 200
    assert source(aws) == other


def source(aws: DirectAccess) -> bytes:
    return aws.clients.s3.get_object(Bucket=aws.stack.sources_bucket, Key=KEY)["Body"].read()
