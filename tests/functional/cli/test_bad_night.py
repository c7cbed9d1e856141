"""A night with 5,000 dead letters of six causes, refused services and a colleague at the queue.

One test, because each command works on what the one before has left: nothing that a command says
is false, and nothing of it is left behind.
"""

import csv
import io
import json
import os
import signal
from collections.abc import Iterator, Sequence
from threading import Timer
from typing import Any

import pytest
from structlog.testing import capture_logs

from scripts.pixfleet import cli
from scripts.pixfleet.commands import drill
from scripts.pixfleet.rejected.reader import MAX_ROWS
from scripts.pixfleet.stack.clients import AwsClients
from shared.imaging.render_pool import RenderPool
from tests.functional.cli.conftest import CommandResult, RunCommand
from tests.functional.cli.night import OWNER, REJECTED, Night, objects_left

pytestmark = pytest.mark.functional

COUNTS = {
    "truncated": 2_500,
    "not_an_image": 1_500,
    "too_many_pixels": 540,
    "access_denied": 300,
    "-": 120,
    "throttled": 40,
}
TOTAL = sum(COUNTS.values())
HELD = 1_000


@pytest.fixture(name="night")
def _night(monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    for name in list(os.environ):
        if name.startswith(("AWS_", "PIXFLEET_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(drill, "PAUSE_SECONDS", 0.2)
    night = Night()
    monkeypatch.setattr(AwsClients, "session", night)
    night.fill(COUNTS)
    # The worker's log lines are no part of a command's output.
    with night.refusals.refusing("cloudwatch", "AccessDenied"), capture_logs():
        yield night


@pytest.fixture(name="run")
def _run(
    night: Night, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunCommand:
    """Return a function that runs a command: `run("status", "--json")`."""

    def run(*arguments: object) -> CommandResult:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["pixfleet", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return CommandResult(int(ended.value.code or 0), printed.out, printed.err)

    return run


def test_on_a_bad_night_nothing_false_is_said_and_nothing_is_left_behind(
    night: Night, run: RunCommand, render_pool: RenderPool
) -> None:
    assert night.dead_letters() == (TOTAL, 0)
    with night.at_work(render_pool):
        the_drill_passes_and_leaves_nothing(night, run)
    the_status_counts_them_and_names_what_it_could_not_read(night, run)
    the_groups_say_how_much_they_have_read(night, run)
    a_trial_of_every_cause_advises_no_loss(run)
    the_lists_have_a_row_for_each(run)
    redrive_id = a_redrive_sends_what_can_succeed(night, run)
    its_status_is_not_invented_while_the_ledger_is_throttled(night, run, redrive_id)
    with night.at_work(render_pool):
        its_status_is_known_in_the_end(run, redrive_id)

    assert night.dead_letters() == (TOTAL - COUNTS["throttled"], 0)
    assert not objects_left(night, ["_drill/"])


def the_drill_passes_and_leaves_nothing(night: Night, run: RunCommand) -> None:
    night.refusals.left["dynamodb"] = 5
    with night.colleague_holds(HELD) as release:
        Timer(1.0, release).start()
        answer = run("drill", "--json")

    unknown = [each for each in answer.document["lines"] if not each["is_known"]]
    assert answer.document["wrong"] == 0, answer.out
    assert [each["what"] for each in unknown] == ["alarm on new dead letters"], answer.out
    assert answer.code == 3
    assert night.refusals.struck["dynamodb"] == 5
    assert night.dead_letters() == (TOTAL, 0)
    assert not objects_left(night, ["_drill/"])


def the_status_counts_them_and_names_what_it_could_not_read(night: Night, run: RunCommand) -> None:
    answer = run("status", "--json")
    with night.refusals.refusing("dynamodb", "ThrottlingException"):
        throttled = run("status", "--json")

    assert (answer.code, throttled.code) == (3, 3)
    assert answer.document["dead_letters"] == throttled.document["dead_letters"] == TOTAL
    assert answer.document["rejected"]["causes"]
    assert not throttled.document["rejected"]["causes"]
    assert answer.document["missing"]
    assert len(throttled.document["missing"]) > len(answer.document["missing"])


def the_groups_say_how_much_they_have_read(night: Night, run: RunCommand) -> None:
    with night.colleague_holds(HELD):
        partial = run("dlq", "groups", "--json")
    whole = run("dlq", "groups", "--json")

    assert partial.document["letters"] == TOTAL - HELD
    assert not partial.document["complete"]
    assert f"Looked at {TOTAL - HELD:,} of about {TOTAL:,} dead letters" in partial.err
    assert {each["cause"]: each["count"] for each in whole.document["groups"]} == COUNTS
    assert whole.document["complete"]
    fixed_by = [each["fixed_by"] for each in whole.document["groups"]]
    assert fixed_by == ["operator", "operator", "AWS", "owner", "owner", "owner"]


def a_trial_of_every_cause_advises_no_loss(run: RunCommand) -> None:
    answer = run("dlq", "try", "--all", "-n", 2)

    deletions = [line for line in answer.out.split("\n") if "dlq delete" in line]
    redrives = [line for line in answer.out.split("\n") if "dlq redrive" in line]
    assert "--all" not in answer.out
    assert sorted(line.split()[4] for line in deletions) == sorted(REJECTED)
    assert {line.split()[4] for line in redrives} == COUNTS.keys() - set(REJECTED)


def the_lists_have_a_row_for_each(run: RunCommand) -> None:
    listed = run("dlq", "list", "--csv")
    rejected = run("rejected", "--cause", "truncated", "--jsonl")

    rows = list(csv.DictReader(io.StringIO(listed.out)))
    assert len({row["key"] for row in rows}) == TOTAL
    assert {row["owner"] for row in rows} == {OWNER}
    assert all(int(row["size_bytes"]) for row in rows)
    documents = [json.loads(line) for line in rejected.out.splitlines()]
    assert len(documents) == COUNTS["truncated"]
    assert {each["cause"] for each in documents} == {"truncated"}


def a_redrive_sends_what_can_succeed(night: Night, run: RunCommand) -> str:
    would = run("dlq", "redrive", "--cause", "throttled", "--dry-run", "--json").document
    done = run("dlq", "redrive", "--cause", "throttled", "--yes", "--json").document

    assert sorted(would["keys"]) == night.keys["throttled"]
    assert done["sent"] == COUNTS["throttled"]
    assert night.dead_letters() == (TOTAL - COUNTS["throttled"], 0)
    return str(done["redrive_id"])


def its_status_is_not_invented_while_the_ledger_is_throttled(
    night: Night, run: RunCommand, redrive_id: str
) -> None:
    with night.refusals.refusing("dynamodb", "ThrottlingException"):
        answer = run("dlq", "status", redrive_id)

    assert answer.code == 1
    assert "fixed" not in answer.out
    assert "was refused" in answer.err


def its_status_is_known_in_the_end(run: RunCommand, redrive_id: str) -> None:
    answer = run("dlq", "status", "--watch", redrive_id, "--json")

    assert answer.code == 0, answer.out
    assert answer.document["fixed"] == COUNTS["throttled"]


def test_ten_thousand_rows_are_listed_and_one_more_is_said(night: Night, run: RunCommand) -> None:
    night.fill({"truncated": MAX_ROWS + 1})
    more = MAX_ROWS + 1 + TOTAL - COUNTS["truncated"]

    rejected = run("rejected", "--cause", "truncated", "--csv")
    listed = run("dlq", "list", "--jsonl")

    assert len(rejected.out.splitlines()) == 1 + MAX_ROWS
    assert f"Only the newest {MAX_ROWS:,} are listed" in rejected.err
    assert len(listed.out.splitlines()) == more + COUNTS["truncated"]
    assert night.dead_letters() == (more + COUNTS["truncated"], 0)


@pytest.mark.parametrize(
    "words",
    [("groups",), ("list", "--csv"), ("try", "--all"), ("redrive", "--all", "--dry-run")],
    ids=" ".join,
)
def test_ctrl_c_leaves_no_dead_letter_invisible(
    words: Sequence[str], night: Night, run: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A shell starts programs in the background with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    receive = night.queues.receive_message
    received = []

    def interrupt(**asked: Any) -> Any:  # noqa: ANN401 - boto3's
        received.append(asked)
        if len(received) == 100:
            signal.raise_signal(signal.SIGINT)
        return receive(**asked)

    monkeypatch.setattr(night.queues, "receive_message", interrupt)

    answer = run("dlq", *words)
    signal.signal(signal.SIGINT, before)

    assert (answer.code, answer.out) == (130, "")
    assert "Stopped." in answer.err
    assert night.dead_letters() == (TOTAL, 0)
