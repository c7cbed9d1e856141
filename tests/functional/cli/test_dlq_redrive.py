"""`pixfleet dlq` redrive, status and delete, with dead letters that the real worker sent."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.pixfleet.dlq.redrive import Redriver
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

WorkOff = Callable[..., None]


def test_a_dry_run_of_a_redrive_sends_nothing(aws: DirectAccess, pixfleet: RunCommand) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="corrupt")
    aws.add_dead_letter(aws.event("bulk/a.jpg"), cause="corrupt")

    answer = pixfleet("dlq", "redrive", "--all", "--dry-run", "--json")

    assert answer.document["would_send"] == 2
    assert answer.document["lanes"] == {"pixfleet-live": 1, "pixfleet-bulk": 1}
    assert aws.dead_letters == (2, 0)
    assert pixfleet("dlq", "status").out == "No redrives yet.\n"


def test_selected_dead_letters_go_back_to_their_lanes_with_their_attributes(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    aws.add_dead_letter(aws.event("b/1.jpg"), cause="throttled", source_queue=aws.stack.bulk_queue)
    aws.add_dead_letter(aws.event("b/2.jpg"), cause="corrupt", stage="render")
    aws.add_dead_letter(aws.event("b/3.jpg"), cause="throttled", source_queue="somebody-elses")
    aws.add_dead_letter(aws.event("c/4.jpg"), cause="throttled")

    answer = pixfleet(
        "dlq", "redrive", "--cause", "throttled", "--prefix", "b/", "--yes", "--json"
    )

    assert answer.document["sent"] == 2
    redrive_id = answer.document["redrive_id"]
    assert aws.attributes_on(aws.stack.bulk_queue) == [
        {
            "cause": "throttled",
            "source_queue": aws.stack.bulk_queue,
            "redrive_id": redrive_id,
        }
    ]
    assert aws.attributes_on(aws.stack.live_queue) == [
        {"cause": "throttled", "source_queue": "somebody-elses", "redrive_id": redrive_id}
    ]
    assert aws.dead_letters == (2, 0)


def test_one_dead_letter_of_many_is_redriven_by_its_id(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    message_id = [aws.add_dead_letter(aws.event(f"{at}.jpg")) for at in range(25)][13]
    shown, _ = aws.depth(aws.stack.live_queue)

    answer = pixfleet("dlq", "redrive", "--id", message_id, "--yes", "--json")

    assert answer.document["sent"] == 1
    assert aws.dead_letters == (24, 0)
    assert aws.depth(aws.stack.live_queue) == (shown + 1, 0)


def test_the_status_separates_fixed_failed_again_and_waiting(
    aws: DirectAccess, run_worker: WorkOff, pixfleet: RunCommand
) -> None:
    aws.drop("repaired.jpg", truncated_jpeg())
    aws.drop("half.jpg", truncated_jpeg())
    aws.drop("gone.jpg", truncated_jpeg())
    run_worker()
    aws.add_dead_letter("not json", cause="bad_message", source_queue=aws.stack.live_queue)
    aws.add_dead_letter(aws.event("never.jpg"))
    aws.drop("repaired.jpg", jpeg())
    aws.drop("never.jpg", jpeg())
    aws.clients.s3.delete_object(Bucket=aws.stack.sources_bucket, Key="gone.jpg")
    run_worker()
    redrive_id = pixfleet("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]

    before = pixfleet("dlq", "status", redrive_id, "--json")
    run_worker()
    after = pixfleet("dlq", "status", redrive_id, "--json")

    # A source that was replaced meanwhile is fixed, whether or not its message was processed.
    assert (before.document["fixed"], before.document["waiting"]) == (2, 3)
    assert after.document["fixed"] == 3
    assert after.document["dead"] == {"truncated": 1, "bad_message": 1}
    assert after.document["waiting"] == 0
    assert after.document["lanes_are_quiet"]
    assert (before.code, after.code) == (3, 3)


def test_a_redrive_of_repaired_sources_ends_with_all_fixed(
    aws: DirectAccess, run_worker: WorkOff, pixfleet: RunCommand
) -> None:
    aws.drop("a.jpg", jpeg())
    aws.add_dead_letter(aws.event("a.jpg"), cause="access_denied")
    redrive_id = pixfleet("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]
    run_worker()

    answer = pixfleet("dlq", "status", redrive_id, "--watch")

    assert answer.code == 0
    assert f"Redrive {redrive_id}: 1 message\n" in answer.out
    assert "1 fixed, 0 failed again, 0 still waiting" in answer.err
    assert redrive_id in pixfleet("dlq", "status").out


def test_the_status_of_an_unknown_redrive_is_bad_input(pixfleet: RunCommand) -> None:
    answer = pixfleet("dlq", "status", "20240101-000000-aaaa")

    assert answer.code == 2
    assert "There is no redrive" in answer.err


def test_a_redriven_message_of_a_crashed_worker_is_tried_again_even_if_it_was_rejected(
    aws: DirectAccess, run_worker: WorkOff, pixfleet: RunCommand, tmp_path: Path
) -> None:
    aws.drop("half.jpg", truncated_jpeg())
    run_worker()
    pixfleet("dlq", "delete", "--all", "--yes", "--copy", tmp_path / "deleted.jsonl")
    aws.add_dead_letter(aws.event("half.jpg"))
    redrive_id = pixfleet("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]

    run_worker()

    answer = pixfleet("dlq", "status", redrive_id, "--json")
    assert answer.document["dead"] == {"truncated": 1}


def test_deleted_dead_letters_are_in_the_copy_only(
    aws: DirectAccess, pixfleet: RunCommand, tmp_path: Path
) -> None:
    for number in range(12):
        aws.add_dead_letter(aws.event(f"{number}.jpg"), cause="corrupt", detail="torn")
    aws.add_dead_letter(aws.event("stays.jpg"), cause="truncated")
    copy = tmp_path / "deleted.jsonl"

    answer = pixfleet("dlq", "delete", "--cause", "corrupt", "--yes", "--copy", copy, "--json")

    assert answer.document["dropped"] == 12
    assert answer.document["copy"] == str(copy)
    lines = [json.loads(line) for line in copy.read_text().splitlines()]
    assert {line["keys"][0] for line in lines} == {f"{number}.jpg" for number in range(12)}
    assert lines[0]["attributes"] == {"cause": "corrupt", "detail": "torn"}
    assert json.loads(lines[0]["body"])["Records"]
    assert aws.dead_letters == (1, 0)


def test_nothing_is_sent_without_a_terminal_to_confirm_on(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="corrupt")

    answer = pixfleet("dlq", "redrive", "--all")

    assert answer.code == 2
    assert "Send 1 dead letter back (1 of corrupt)? Type --yes" in answer.err
    assert aws.dead_letters == (1, 0)
    assert pixfleet("dlq", "status").out == "No redrives yet.\n"


def test_nothing_is_deleted_without_a_terminal_to_confirm_on(
    aws: DirectAccess, pixfleet: RunCommand, tmp_path: Path
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="corrupt")

    answer = pixfleet("dlq", "delete", "--all", "--copy", tmp_path / "deleted.jsonl")

    assert answer.code == 2
    assert "Delete 1 dead letter for good (1 of corrupt)? Type --yes" in answer.err
    assert aws.dead_letters == (1, 0)


def test_an_existing_copy_file_is_never_overwritten(
    aws: DirectAccess, pixfleet: RunCommand, tmp_path: Path
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"))
    copy = tmp_path / "deleted.jsonl"
    copy.write_text("an earlier copy")

    answer = pixfleet("dlq", "delete", "--all", "--yes", "--copy", copy)

    assert answer.code == 2
    assert copy.read_text() == "an earlier copy"
    assert aws.dead_letters == (1, 0)


def test_a_message_that_an_interrupted_redrive_did_not_send_counts_as_failed(
    aws: DirectAccess, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.drop("half.jpg", truncated_jpeg())
    aws.add_dead_letter(aws.event("half.jpg"), cause="truncated")

    def interrupt(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Redriver, "_send", interrupt)
        pixfleet("dlq", "redrive", "--all", "--yes")
    redrive_id = pixfleet("dlq", "status", "--json").document["redrives"][0]["id"]
    answer = pixfleet("dlq", "status", redrive_id, "--json")

    assert answer.code == FOUND_SOMETHING
    assert answer.document["dead"] == {"truncated": 1}
    assert answer.document["waiting"] == 0


@pytest.mark.parametrize(("old", "new"), [("drop", "delete"), ("receipts", "status")])
def test_the_old_name_of_a_command_is_answered_with_the_new_one(
    aws: DirectAccess, pixfleet: RunCommand, old: str, new: str
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="corrupt")

    answer = pixfleet("dlq", old, "--all", "--yes")

    assert answer.code == 2
    assert answer.err == f"This command is now `pixfleet dlq {new}`.\n"
    assert not answer.out
    assert aws.dead_letters == (1, 0)


def test_a_shell_completes_the_ids_of_redrives(
    aws: DirectAccess, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="throttled")
    redrive_id = pixfleet("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]
    monkeypatch.setenv("_PIXFLEET_COMPLETE", "complete_bash")

    def offered(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        return pixfleet().out.split()

    assert offered("pixfleet dlq status ") == [redrive_id]
    assert offered(f"pixfleet dlq status {redrive_id[:4]}") == [redrive_id]
    assert offered("pixfleet dlq status nothing") == []
    assert offered("pixfleet --stack nowhere dlq status ") == []
