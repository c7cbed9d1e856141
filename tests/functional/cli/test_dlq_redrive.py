"""`pixfleet dlq` redrive, receipts and drop, over letters that the real worker made."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.pixfleet.dlq.redrive import Redriver
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from tests.functional.cli.conftest import Type
from tests.functional.cli.dead_letters import Bench
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

WorkOff = Callable[..., None]


def test_a_dry_redrive_sends_nothing(bench: Bench, type_: Type) -> None:
    bench.bury(bench.event("a.jpg"), cause="corrupt")
    bench.bury(bench.event("bulk/a.jpg"), cause="corrupt")

    answer = type_("dlq", "redrive", "--all", "--dry-run", "--json")

    assert answer.document["would_send"] == 2
    assert answer.document["lanes"] == {"pixfleet-live": 1, "pixfleet-bulk": 1}
    assert bench.letters == (2, 0)
    assert type_("dlq", "receipts").out == "No redrives yet.\n"


def test_chosen_letters_go_back_to_their_lanes_with_all_that_they_said(
    bench: Bench, type_: Type
) -> None:
    bench.bury(bench.event("b/1.jpg"), cause="throttled", source_queue=bench.stack.bulk_queue)
    bench.bury(bench.event("b/2.jpg"), cause="corrupt", stage="render")
    bench.bury(bench.event("b/3.jpg"), cause="throttled", source_queue="somebody-elses")
    bench.bury(bench.event("c/4.jpg"), cause="throttled")

    answer = type_("dlq", "redrive", "--cause", "throttled", "--prefix", "b/", "--yes", "--json")

    assert answer.document["sent"] == 2
    redrive_id = answer.document["redrive_id"]
    assert bench.attributes_on(bench.stack.bulk_queue) == [
        {
            "cause": "throttled",
            "source_queue": bench.stack.bulk_queue,
            "redrive_id": redrive_id,
        }
    ]
    assert bench.attributes_on(bench.stack.live_queue) == [
        {"cause": "throttled", "source_queue": "somebody-elses", "redrive_id": redrive_id}
    ]
    assert bench.letters == (2, 0)


def test_one_letter_of_many_goes_back_by_its_id(bench: Bench, type_: Type) -> None:
    identity = [bench.bury(bench.event(f"{at}.jpg")) for at in range(25)][13]
    shown, _ = bench.waiting(bench.stack.live_queue)

    answer = type_("dlq", "redrive", "--id", identity, "--yes", "--json")

    assert answer.document["sent"] == 1
    assert bench.letters == (24, 0)
    assert bench.waiting(bench.stack.live_queue) == (shown + 1, 0)


def test_receipts_tell_fixed_from_dead_again_from_waiting(
    bench: Bench, work_off: WorkOff, type_: Type
) -> None:
    bench.drop("mended.jpg", truncated_jpeg())
    bench.drop("half.jpg", truncated_jpeg())
    bench.drop("gone.jpg", truncated_jpeg())
    work_off()
    bench.bury("nonsense", cause="bad_message", source_queue=bench.stack.live_queue)
    bench.bury(bench.event("never.jpg"))
    bench.drop("mended.jpg", jpeg())
    bench.drop("never.jpg", jpeg())
    bench.clients.s3.delete_object(Bucket=bench.stack.sources_bucket, Key="gone.jpg")
    work_off()
    redrive_id = type_("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]

    before = type_("dlq", "receipts", redrive_id, "--json")
    work_off()
    after = type_("dlq", "receipts", redrive_id, "--json")

    # What a good upload mended meanwhile is fixed whether or not its letter has been seen again.
    assert (before.document["fixed"], before.document["waiting"]) == (2, 3)
    assert after.document["fixed"] == 3
    assert after.document["dead"] == {"truncated": 1, "bad_message": 1}
    assert after.document["waiting"] == 0
    assert after.document["lanes_are_quiet"]
    assert (before.code, after.code) == (3, 3)


def test_receipts_end_with_nothing_to_do_once_all_is_mended(
    bench: Bench, work_off: WorkOff, type_: Type
) -> None:
    bench.drop("a.jpg", jpeg())
    bench.bury(bench.event("a.jpg"), cause="access_denied")
    redrive_id = type_("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]
    work_off()

    answer = type_("dlq", "receipts", redrive_id, "--watch")

    assert answer.code == 0
    assert f"Redrive {redrive_id}: 1 letter\n" in answer.out
    assert "1 fixed, 0 dead again, 0 still waiting" in answer.err
    assert redrive_id in type_("dlq", "receipts").out


def test_receipts_of_an_unknown_redrive_are_bad_input(type_: Type) -> None:
    answer = type_("dlq", "receipts", "20240101-000000-aaaa")

    assert answer.code == 2
    assert "There is no redrive" in answer.err


def test_a_letter_that_died_with_its_worker_is_tried_again_even_if_it_was_rejected(
    bench: Bench, work_off: WorkOff, type_: Type, tmp_path: Path
) -> None:
    bench.drop("half.jpg", truncated_jpeg())
    work_off()
    type_("dlq", "drop", "--all", "--yes", "--copy", tmp_path / "dropped.jsonl")
    bench.bury(bench.event("half.jpg"))
    redrive_id = type_("dlq", "redrive", "--all", "--yes", "--json").document["redrive_id"]

    work_off()

    answer = type_("dlq", "receipts", redrive_id, "--json")
    assert answer.document["dead"] == {"truncated": 1}


def test_dropped_letters_are_in_the_copy_and_nowhere_else(
    bench: Bench, type_: Type, tmp_path: Path
) -> None:
    for number in range(12):
        bench.bury(bench.event(f"{number}.jpg"), cause="corrupt", detail="torn")
    bench.bury(bench.event("stays.jpg"), cause="truncated")
    copy = tmp_path / "dropped.jsonl"

    answer = type_("dlq", "drop", "--cause", "corrupt", "--yes", "--copy", copy, "--json")

    assert answer.document["dropped"] == 12
    assert answer.document["copy"] == str(copy)
    lines = [json.loads(line) for line in copy.read_text().splitlines()]
    assert {line["keys"][0] for line in lines} == {f"{number}.jpg" for number in range(12)}
    assert lines[0]["attributes"] == {"cause": "corrupt", "detail": "torn"}
    assert json.loads(lines[0]["body"])["Records"]
    assert bench.letters == (1, 0)


def test_nothing_is_sent_where_nobody_can_be_asked(bench: Bench, type_: Type) -> None:
    bench.bury(bench.event("a.jpg"), cause="corrupt")

    answer = type_("dlq", "redrive", "--all")

    assert answer.code == 2
    assert "Send 1 dead letter back (1 of corrupt)? Say --yes" in answer.err
    assert bench.letters == (1, 0)
    assert type_("dlq", "receipts").out == "No redrives yet.\n"


def test_nothing_is_dropped_where_nobody_can_be_asked(
    bench: Bench, type_: Type, tmp_path: Path
) -> None:
    bench.bury(bench.event("a.jpg"), cause="corrupt")

    answer = type_("dlq", "drop", "--all", "--copy", tmp_path / "dropped.jsonl")

    assert answer.code == 2
    assert "Delete 1 dead letter for good (1 of corrupt)? Say --yes" in answer.err
    assert bench.letters == (1, 0)


def test_an_earlier_copy_is_never_written_over(bench: Bench, type_: Type, tmp_path: Path) -> None:
    bench.bury(bench.event("a.jpg"))
    copy = tmp_path / "dropped.jsonl"
    copy.write_text("an earlier copy")

    answer = type_("dlq", "drop", "--all", "--yes", "--copy", copy)

    assert answer.code == 2
    assert copy.read_text() == "an earlier copy"
    assert bench.letters == (1, 0)


def test_a_letter_that_a_broken_off_redrive_left_behind_is_not_waited_for(
    bench: Bench, type_: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("half.jpg", truncated_jpeg())
    bench.bury(bench.event("half.jpg"), cause="truncated")

    def broken_off(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Redriver, "_send", broken_off)
        type_("dlq", "redrive", "--all", "--yes")
    redrive_id = type_("dlq", "receipts", "--json").document["redrives"][0]["id"]
    answer = type_("dlq", "receipts", redrive_id, "--json")

    assert answer.code == FOUND_SOMETHING
    assert answer.document["dead"] == {"truncated": 1}
    assert answer.document["waiting"] == 0
