"""`pixfleet dlq` groups, show and try, over letters that the real worker made."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.cli.conftest import Type
from tests.functional.cli.dead_letters import Bench, stored
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

WorkOff = Callable[..., None]


def test_no_dead_letters_are_no_trouble(type_: Type) -> None:
    answer = type_("dlq", "groups")

    assert answer.code == 0
    assert answer.out == "No dead letters in pixfleet-dead-letter.\n"


def test_letters_are_counted_by_cause_and_are_all_there_afterwards(
    bench: Bench, work_off: WorkOff, type_: Type
) -> None:
    bench.drop("half.jpg", truncated_jpeg())
    for number in range(12):
        bench.drop(f"text/{number}.jpg", b"not an image at all")
    work_off()
    bench.bury(bench.event("died.jpg"))

    answer = type_("dlq", "groups", "--json")

    counts = {each["cause"]: each["count"] for each in answer.document["groups"]}
    assert counts == {"not_an_image": 12, "truncated": 1, "-": 1}
    assert answer.document["letters"] == 14
    assert bench.letters == (14, 0)
    died = next(each for each in answer.document["groups"] if each["cause"] == "-")
    assert died["example"]["key"] == "died.jpg"
    assert died["first_seen"] == died["last_seen"]


def test_the_table_says_what_to_type_next(bench: Bench, type_: Type) -> None:
    identity = bench.bury(bench.event("a.jpg"), cause="corrupt", key="a.jpg")

    answer = type_("dlq", "groups")

    assert f"pixfleet dlq show {identity}" in answer.out
    assert "pixfleet dlq try --cause corrupt -n 5" in answer.out


def test_a_letter_is_shown_with_source_ledger_query_and_why_there_is_no_thumbnail(
    bench: Bench, work_off: WorkOff, type_: Type
) -> None:
    bench.drop("text.jpg", b"not an image at all")
    work_off()
    (group,) = type_("dlq", "groups", "--json").document["groups"]

    answer = type_("dlq", "show", group["example"]["id"][:8], "--json")

    shown = answer.document
    assert shown["attributes"]["cause"] == "not_an_image"
    assert json.loads(shown["body"])["Records"]
    assert shown["source"]["bytes"] == 19
    assert shown["source"]["type"].startswith("no image: it begins with 6e 6f 74")
    assert shown["ledger"]["status"] == "rejected"
    assert shown["attributes"]["origin_message_id"] in shown["logs"]["query"]
    assert 'key = "text.jpg"' in shown["logs"]["query"]
    assert shown["why_no_thumbnail"].startswith("not_an_image")
    assert bench.letters == (1, 0)


def test_a_picture_that_decodes_is_written_where_asked(
    bench: Bench, type_: Type, tmp_path: Path
) -> None:
    bench.clients.s3.put_object(
        Bucket=bench.stack.sources_bucket, Key="a.jpg", Body=jpeg((640, 480))
    )
    identity = bench.bury(bench.event("a.jpg"), cause="access_denied")
    file = tmp_path / "a.jpg"

    answer = type_("dlq", "show", identity, "--thumbnail", file)

    assert answer.code == 0
    assert file.read_bytes().startswith(b"\xff\xd8\xff")
    assert f"Thumbnail: {file}" in answer.out
    assert "jpeg" in answer.out


def test_an_id_that_no_letter_has_is_bad_input(type_: Type) -> None:
    answer = type_("dlq", "show", "01234567")

    assert answer.code == 2
    assert "No dead letter 01234567" in answer.err


def test_a_letter_whose_body_is_nonsense_is_shown_as_it_is(bench: Bench, type_: Type) -> None:
    identity = bench.bury("not json [bold]at all", cause="bad_message")

    answer = type_("dlq", "show", identity)

    assert answer.code == 0
    assert "not json [bold]at all" in answer.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "expected --all, or else any of --cause, --prefix and --id"),
        (("--all", "--cause", "corrupt"), "expected --all, or else"),
        (("--cause", "tired"), "--cause: expected one of"),
        (("--id", "ab"), "--id: expected at least 6 characters"),
    ],
)
def test_letters_that_were_not_chosen_well_are_left_alone(
    bench: Bench, type_: Type, words: tuple[str, ...], told: str
) -> None:
    bench.bury(bench.event("a.jpg"), cause="corrupt")

    answer = type_("dlq", "redrive", *words)

    assert answer.code == 2
    assert told in answer.err
    assert bench.letters == (1, 0)


def test_a_trial_says_what_would_happen_and_writes_nothing(bench: Bench, type_: Type) -> None:
    bench.drop("good.jpg", jpeg())
    bench.drop("half.jpg", truncated_jpeg())
    for key in ("good.jpg", "half.jpg", "gone.jpg"):
        bench.bury(bench.event(key), cause="access_denied")
    before = stored(bench)

    answer = type_("dlq", "try", "--cause", "access_denied", "-n", 9, "--json")

    trials = {each["key"]: each for each in answer.document["trials"]}
    assert trials["good.jpg"]["would"] == "made"
    assert trials["good.jpg"]["variants"] == 3
    assert trials["good.jpg"]["variant_bytes"] > 300
    assert (trials["half.jpg"]["would"], trials["half.jpg"]["cause"]) == ("fails", "truncated")
    assert trials["gone.jpg"]["would"] == "removed"
    assert answer.code == 3
    assert stored(bench) == before
    assert bench.letters == (3, 0)


def test_a_trial_takes_no_more_letters_than_it_was_asked_for(bench: Bench, type_: Type) -> None:
    for number in range(15):
        bench.bury(bench.event(f"{number}.jpg"))

    answer = type_("dlq", "try", "--cause", "-", "-n", 2, "--json")

    assert len(answer.document["trials"]) == 2
    assert bench.letters == (15, 0)


def test_a_very_long_body_leaves_room_for_the_rest(bench: Bench, type_: Type) -> None:
    letter = bench.bury("x" * 200_000)

    answer = type_("dlq", "show", letter, "--no-thumbnail")

    assert "196,000 characters more" in answer.out
    assert len(answer.out) < 10_000


def test_a_queue_with_a_redrive_policy_of_its_own_is_not_looked_at(
    bench: Bench, type_: Type
) -> None:
    bench.bury(bench.event("a.jpg"))
    arn = f"arn:aws:sqs:us-east-1:123456789012:{bench.stack.bulk_queue}"
    bench.clients.sqs.set_queue_attributes(
        QueueUrl=bench.url(bench.stack.dead_letter_queue),
        Attributes={
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        },
    )

    answer = type_("dlq", "groups")

    assert answer.code == 2
    assert "remove that policy" in answer.err
