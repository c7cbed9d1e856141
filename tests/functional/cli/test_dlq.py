"""`pixfleet dlq` over letters that the real worker made."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.letters import sweep
from scripts.letters.redrive import Redriver
from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.operator.refusals import FOUND_SOMETHING
from tests.functional.cli.conftest import Type
from tests.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

WorkOff = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for letters that moto shows at once."""
    monkeypatch.setattr(sweep, "WAIT_SECONDS", 0)


@pytest.fixture(name="bench")
def _bench(stack: LocalStack, clients: Clients) -> "Bench":
    return Bench(stack, clients)


class Bench:
    """What a test does to the stack behind the command's back."""

    def __init__(self, stack: LocalStack, clients: Clients) -> None:
        self.stack = stack
        self.clients = clients

    def drop(self, key: str, data: bytes) -> None:
        """Drop a source, of which S3 tells the live lane."""
        self.clients.s3.put_object(Bucket=self.stack.sources_bucket, Key=key, Body=data)

    def bury(self, body: str, **attributes: str) -> str:
        """Put a letter into the dead-letter queue and return its id."""
        return self.clients.sqs.send_message(
            QueueUrl=self.url(self.stack.dead_letter_queue),
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text}
                for name, text in attributes.items()
            },
        )["MessageId"]

    def event(self, key: str) -> str:
        """Return the body of an S3 notification; the key must need no encoding."""
        bucket = {"name": self.stack.sources_bucket}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": bucket, "object": {"key": key}},
        }
        return json.dumps({"Records": [record]})

    def waiting(self, queue: str) -> tuple[int, int]:
        """Return how many messages a queue shows and how many it hides."""
        said = self.clients.sqs.get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=["All"]
        )["Attributes"]
        return (
            int(said["ApproximateNumberOfMessages"]),
            int(said["ApproximateNumberOfMessagesNotVisible"]),
        )

    @property
    def letters(self) -> tuple[int, int]:
        """Return how many dead letters are shown and how many hidden."""
        return self.waiting(self.stack.dead_letter_queue)

    def attributes_on(self, queue: str) -> list[dict[str, str]]:
        """Return the attributes of up to ten messages."""
        answer = self.clients.sqs.receive_message(
            QueueUrl=self.url(queue), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            {name: value["StringValue"] for name, value in each["MessageAttributes"].items()}
            for each in answer.get("Messages", [])
            if "MessageAttributes" in each  # S3's test event, which begins the live lane, has none
        ]

    def url(self, queue: str) -> str:
        return self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]


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


def stored(bench: Bench) -> set[str]:
    """Return every key of the variants bucket."""
    listed = bench.clients.s3.list_objects_v2(Bucket=bench.stack.variants_bucket)
    return {each["Key"] for each in listed.get("Contents", [])}


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


def test_a_very_long_body_leaves_room_for_the_rest(bench: Bench, type_: Type) -> None:
    letter = bench.bury("x" * 200_000)

    answer = type_("dlq", "show", letter, "--no-thumbnail")

    assert "196,000 characters more" in answer.out
    assert len(answer.out) < 10_000
