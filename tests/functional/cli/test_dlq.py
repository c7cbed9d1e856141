"""`pixfleet dlq` groups, show and try, with dead letters that the real worker sent."""

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from scripts.pixfleet.dlq import trial
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.dead_letters import DirectAccess, stored_keys
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

WorkOff = Callable[..., None]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def test_an_empty_queue_has_no_groups(pixfleet: RunCommand) -> None:
    answer = pixfleet("dlq", "groups")

    assert answer.code == 0
    assert answer.out == "No dead letters in pixfleet-dead-letter.\n"


def test_dead_letters_are_counted_by_cause_and_stay_in_the_queue(
    aws: DirectAccess, run_worker: WorkOff, pixfleet: RunCommand
) -> None:
    aws.drop("half.jpg", truncated_jpeg())
    for number in range(12):
        aws.drop(f"text/{number}.jpg", b"not an image at all")
    run_worker()
    aws.add_dead_letter(aws.event("crash.jpg"))

    answer = pixfleet("dlq", "groups", "--json")

    counts = {each["cause"]: each["count"] for each in answer.document["groups"]}
    assert counts == {"not_an_image": 12, "truncated": 1, "-": 1}
    assert answer.document["letters"] == 14
    assert aws.dead_letters == (14, 0)
    crashed = next(each for each in answer.document["groups"] if each["cause"] == "-")
    assert crashed["example"]["key"] == "crash.jpg"
    assert crashed["first_seen"] == crashed["last_seen"]


def test_the_table_shows_what_to_type_next(aws: DirectAccess, pixfleet: RunCommand) -> None:
    message_id = aws.add_dead_letter(aws.event("a.jpg"), cause="corrupt", key="a.jpg")

    answer = pixfleet("dlq", "groups")

    assert f"pixfleet dlq show {message_id}" in answer.out
    assert "pixfleet dlq try --cause corrupt -n 5" in answer.out


def test_a_dead_letter_is_shown_with_source_ledger_log_query_and_why_it_has_no_thumbnail(
    aws: DirectAccess, run_worker: WorkOff, pixfleet: RunCommand
) -> None:
    aws.drop("text.jpg", b"not an image at all")
    run_worker()
    (group,) = pixfleet("dlq", "groups", "--json").document["groups"]

    answer = pixfleet("dlq", "show", group["example"]["id"][:8], "--json")

    shown = answer.document
    assert shown["attributes"]["cause"] == "not_an_image"
    assert json.loads(shown["body"])["Records"]
    assert shown["source"]["bytes"] == 19
    assert shown["source"]["type"] == "not an image: a text file"
    assert shown["ledger"]["status"] == "rejected"
    assert shown["attributes"]["origin_message_id"] in shown["logs"]["query"]
    assert 'key = "text.jpg"' in shown["logs"]["query"]
    assert shown["why_no_thumbnail"].startswith("not_an_image")
    assert aws.dead_letters == (1, 0)


def test_the_thumbnail_is_written_to_the_file_that_is_named(
    aws: DirectAccess, pixfleet: RunCommand, tmp_path: Path
) -> None:
    aws.clients.s3.put_object(Bucket=aws.stack.sources_bucket, Key="a.jpg", Body=jpeg((640, 480)))
    message_id = aws.add_dead_letter(aws.event("a.jpg"), cause="access_denied")
    file = tmp_path / "a.jpg"

    answer = pixfleet("dlq", "show", message_id, "--thumbnail", file)

    assert answer.code == 0
    assert file.read_bytes().startswith(b"\xff\xd8\xff")
    assert f"Thumbnail: {file}" in answer.out
    assert "jpeg" in answer.out


def test_an_unknown_id_is_bad_input(pixfleet: RunCommand) -> None:
    answer = pixfleet("dlq", "show", "01234567")

    assert answer.code == 2
    assert "No dead letter 01234567" in answer.err


def test_a_body_that_cannot_be_read_is_shown_as_it_is(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    message_id = aws.add_dead_letter("not json [bold]at all", cause="bad_message")

    answer = pixfleet("dlq", "show", message_id)

    assert answer.code == 0
    assert "not json [bold]at all" in answer.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "expected --all, or else any of --cause, --prefix and --id"),
        (("--all", "--cause", "corrupt"), "expected --all, or else"),
        (("--cause", "tired"), "--cause: expected one of"),
        (("--id", "ab"), "--id: expected at least 6 characters"),
    ],
)
def test_options_that_select_nothing_or_the_wrong_thing_are_bad_input(
    aws: DirectAccess, pixfleet: RunCommand, words: tuple[str, ...], message: str
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="corrupt")

    answer = pixfleet("dlq", "redrive", *words)

    assert answer.code == 2
    assert message in answer.err
    assert aws.dead_letters == (1, 0)


def test_a_trial_shows_what_would_happen_and_stores_nothing(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    aws.drop("good.jpg", jpeg())
    aws.drop("half.jpg", truncated_jpeg())
    for key in ("good.jpg", "half.jpg", "gone.jpg"):
        aws.add_dead_letter(aws.event(key), cause="access_denied")
    before = stored_keys(aws)

    answer = pixfleet("dlq", "try", "--cause", "access_denied", "-n", 9, "--json")

    trials = {each["key"]: each for each in answer.document["trials"]}
    assert trials["good.jpg"]["would"] == "made"
    assert trials["good.jpg"]["variants"] == 3
    assert trials["good.jpg"]["variant_bytes"] > 300
    assert (trials["half.jpg"]["would"], trials["half.jpg"]["cause"]) == ("fails", "truncated")
    assert trials["gone.jpg"]["would"] == "removed"
    assert answer.code == 3
    assert stored_keys(aws) == before
    assert aws.dead_letters == (3, 0)


def test_a_trial_has_the_limits_of_the_largest_lane_that_live_forwards_to(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    aws.drop("giant.jpg", jpeg((1200, 1000)))
    aws.add_dead_letter(aws.event("giant.jpg"), cause="too_many_pixels")
    name = "/pixfleet/pixfleet"
    ssm = boto3.client("ssm")
    document = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    document["environment"]["PIXFLEET_MAX_PIXELS"] = "1000000"

    def outcome() -> str:
        ssm.put_parameter(Name=name, Value=json.dumps(document), Overwrite=True)
        (trial,) = pixfleet("dlq", "try", "--all", "--json").document["trials"]
        return str(trial["would"])

    alone = outcome()
    document["lanes"]["live"]["larger"] = "bulk"
    document["lanes"]["bulk"]["size"] = "large"
    document["sizes"] = {
        "large": {
            "function": "pixfleet-worker-large",
            "function_alias": "live",
            "memory_mb": 8192,
            "timeout_seconds": 900,
            "environment": {"PIXFLEET_MAX_PIXELS": "2000000"},
        }
    }

    assert (alone, outcome()) == ("fails", "made")


def test_a_trial_takes_at_most_as_many_keys_as_asked(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    for number in range(15):
        aws.add_dead_letter(aws.event(f"{number}.jpg"))

    answer = pixfleet("dlq", "try", "--cause", "-", "-n", 2, "--json")

    assert len(answer.document["trials"]) == 2
    assert aws.dead_letters == (15, 0)


def test_a_very_long_body_is_cut(aws: DirectAccess, pixfleet: RunCommand) -> None:
    dead_letter = aws.add_dead_letter("x" * 200_000)

    answer = pixfleet("dlq", "show", dead_letter, "--no-thumbnail")

    assert "196,000 characters more" in answer.out
    assert len(answer.out) < 10_000


def test_a_dead_letter_queue_with_a_redrive_policy_is_not_scanned(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    aws.add_dead_letter(aws.event("a.jpg"))
    arn = f"arn:aws:sqs:us-east-1:123456789012:{aws.stack.bulk_queue}"
    aws.clients.sqs.set_queue_attributes(
        QueueUrl=aws.url(aws.stack.dead_letter_queue),
        Attributes={
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        },
    )

    answer = pixfleet("dlq", "groups")

    assert answer.code == 2
    assert "remove that policy" in answer.err


def test_a_format_that_only_the_worker_may_read_is_unclear_and_nothing_is_deleted_for_it(
    aws: DirectAccess, pixfleet: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.drop("a.heic", SVG)
    aws.add_dead_letter(aws.event("a.heic"), cause="unsupported_format")

    here = pixfleet("dlq", "try", "--cause", "unsupported_format")
    monkeypatch.setattr(trial, "HEIC_PACKAGE", "no_such_package")
    without = pixfleet("dlq", "try", "--cause", "unsupported_format")

    assert "pixfleet dlq delete --cause unsupported_format" in here.out
    assert "unclear" in without.out
    assert "dlq delete" not in without.out
