"""`pixfleet dlq triage`: each answer, and what a stop leaves."""

import io
import json
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.pixfleet.dlq import triage
from shared.text import is_visible
from tests.functional.cli.conftest import CommandResult, RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.images import jpeg

pytestmark = pytest.mark.functional

CTRL_C = "^C"
RETRY, DELETE, SKIP, OPEN, QUIT, YES, NO = "r", "d", "s", "o", "q", "y", "n"
FILE = Path(".pixfleet/triage.jsonl")

Triage = Callable[..., CommandResult]


class Keyboard(io.StringIO):
    """The standard input of a person who types lines."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override] # as in typeshed
        line = super().readline(size)
        if line.strip() == CTRL_C:
            raise KeyboardInterrupt
        return line


@pytest.fixture(name="triage_with")
def _triage_with(pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Triage:
    """Return a function that runs the command with the lines that a person types."""
    monkeypatch.chdir(tmp_path)

    def run(*typed: str, options: tuple[object, ...] = ("--all",)) -> CommandResult:
        monkeypatch.setattr("sys.stdin", Keyboard("".join(f"{each}\n" for each in typed)))
        return pixfleet("dlq", "triage", "--json", *options)

    return run


def add(aws: DirectAccess, *keys: str) -> list[str]:
    return [aws.add_dead_letter(aws.event(key), cause="corrupt", key=key) for key in keys]


def test_each_decision_is_carried_out_at_the_end(aws: DirectAccess, triage_with: Triage) -> None:
    ids = add(aws, "a.jpg", "b.jpg", "c.jpg")

    answer = triage_with(RETRY, DELETE, SKIP, YES)

    done = answer.document
    assert answer.code == 0
    assert (done["sent"], done["deleted"], done["left"], done["undecided"]) == (1, 1, 0, 0)
    assert aws.dead_letters == (1, 0)
    (sent,) = aws.attributes_on(aws.stack.live_queue)
    assert sent["redrive_id"] == done["redrive_id"]
    (copied,) = Path(done["copy"]).read_text().splitlines()
    assert json.loads(copied)["id"] in ids
    assert FILE.read_bytes() == b""


def test_nothing_is_done_before_the_last_answer_is_yes(
    aws: DirectAccess, triage_with: Triage
) -> None:
    add(aws, "a.jpg", "b.jpg")

    refused = triage_with(RETRY, DELETE, NO)

    assert refused.code == 1
    assert f"kept in {FILE}" in refused.err
    assert aws.dead_letters == (2, 0)
    agreed = triage_with(YES)
    assert (agreed.document["sent"], agreed.document["deleted"]) == (1, 1)


def test_the_same_command_goes_on_after_ctrl_c(aws: DirectAccess, triage_with: Triage) -> None:
    add(aws, "a.jpg", "b.jpg", "c.jpg")

    stopped = triage_with(RETRY, CTRL_C)

    assert stopped.code == 130
    assert f"kept in {FILE}" in stopped.err
    assert aws.dead_letters == (3, 0)
    resumed = triage_with(RETRY, RETRY, YES)
    assert "2 dead letters to decide, 1 decided before." in resumed.err
    assert resumed.document["sent"] == 3
    assert aws.dead_letters == (0, 0)


def test_skipped_ones_are_not_asked_about_again_until_all_are_decided(
    aws: DirectAccess, triage_with: Triage
) -> None:
    add(aws, "a.jpg", "b.jpg", "c.jpg")

    left = triage_with(SKIP, RETRY, QUIT, YES)

    assert left.code == 3
    assert left.document["undecided"] == 1
    assert "1 dead letter to decide, 1 decided before." in triage_with(SKIP).err
    assert "2 dead letters to decide, 0 decided before." in triage_with(CTRL_C).err


def test_a_decision_about_a_message_that_is_gone_is_reported(
    aws: DirectAccess, triage_with: Triage
) -> None:
    add(aws, "a.jpg")
    triage_with(RETRY, CTRL_C, NO)
    aws.clients.sqs.purge_queue(QueueUrl=aws.url(aws.stack.dead_letter_queue))

    answer = triage_with(YES)

    assert answer.code == 1
    assert (answer.document["sent"], answer.document["left"]) == (0, 1)


def test_one_run_asks_about_a_limited_number(
    aws: DirectAccess, triage_with: Triage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triage, "MAX_DEAD_LETTERS", 2)
    monkeypatch.setattr("scripts.pixfleet.commands.dlq_triage.MAX_DEAD_LETTERS", 2)
    add(aws, "a.jpg", "b.jpg", "c.jpg")

    first = triage_with(SKIP, SKIP)

    assert first.code == 3
    assert "There may be more than these 2" in first.err
    assert "1 dead letter to decide, 2 decided before." in triage_with(SKIP).err


def test_the_thumbnail_is_opened_and_the_question_asked_again(
    aws: DirectAccess, triage_with: Triage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_url(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_url)
    aws.drop("a.jpg", jpeg((640, 480)))
    add(aws, "a.jpg")

    answer = triage_with("x", OPEN, QUIT)

    assert "Expected one of r, d, s, o, q, got x" in answer.err
    assert "Tried here: made: " in answer.err
    (url,) = opened
    assert Path(url.removeprefix("file://")).read_bytes().startswith(b"\xff\xd8\xff")
    assert answer.code == 3


def test_a_terminal_that_shows_pictures_gets_the_thumbnail(
    aws: DirectAccess, triage_with: Triage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM_PROGRAM", "WezTerm")
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich takes standard error for a terminal
    aws.drop("a.jpg", jpeg((640, 480)))
    add(aws, "a.jpg")

    answer = triage_with(CTRL_C)

    assert "\x1b]1337;File=inline=1;size=" in answer.err
    assert ":/9j/" in answer.err  # a JPEG's signature in base64


def test_hostile_text_forges_no_line(aws: DirectAccess, triage_with: Triage) -> None:
    key = "a\x1b[2K\r\u202e\nTried here: made"
    aws.drop(key, b"no image")
    aws.add_dead_letter(
        json.dumps({"bucket": aws.stack.sources_bucket, "keys": [key, "b\n.jpg"]}),
        cause="corrupt",
        detail="a\nTried here: made",
    )

    answer = triage_with(OPEN, RETRY, NO)

    lines = answer.err.split("\n")
    assert all(map(is_visible, lines))
    assert not any(line.startswith("Tried here: made") for line in lines)
    assert "There is no thumbnail: " in answer.err


def test_a_dead_letter_without_a_key_is_shown(aws: DirectAccess, triage_with: Triage) -> None:
    aws.add_dead_letter("no JSON", cause="bad_message")

    answer = triage_with(DELETE, YES)

    assert "No thumbnail: its body names no key" in answer.err
    assert answer.document["deleted"] == 1


def test_an_empty_queue_has_nothing_to_decide(triage_with: Triage) -> None:
    answer = triage_with()

    assert answer.code == 0
    assert answer.document["undecided"] == 0


def test_it_needs_a_terminal(
    aws: DirectAccess, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("r\ny\n"))
    add(aws, "a.jpg")

    answer = pixfleet("dlq", "triage", "--all")

    assert answer.code == 2
    assert "expected a terminal" in answer.err
    assert aws.dead_letters == (1, 0)
    assert not FILE.exists()
