import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.body import read_hints
from shared.events.sqs import Message, from_receive, read_batch
from shared.model.errors import BadMessage
from tests.support.bodies import altered, body

pytestmark = pytest.mark.unit

ARN = "arn:aws:sqs:eu-central-1:123456789012:pixfleet-live"
SENT_AT = datetime(2025, 1, 21, 18, 23, 20, 123000, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_a_lambda_event_gives_its_messages_in_order() -> None:
    first, second = read_batch(json.loads(body("lambda_sqs")))

    assert second == Message(
        id="059f36b4-87a3-44ab-83d2-661970000002",
        receipt_handle="AQEBwJnKyrHigUMZj6rYigCg2",
        body="not JSON",
        receive_count=3,
        queue_arn=ARN,
        sent_at=SENT_AT,
    )
    assert first.id == "059f36b4-87a3-44ab-83d2-661970000001"
    assert read_hints(first.body) == ()


def test_a_received_message_reads_like_a_lambda_record() -> None:
    (entry,) = json.loads(body("receive_message"))["Messages"]

    message = from_receive(entry, ARN)

    assert message == Message(
        id=entry["MessageId"],
        receipt_handle=entry["ReceiptHandle"],
        body=entry["Body"],
        receive_count=2,
        queue_arn=ARN,
        sent_at=SENT_AT,
    )


def test_a_received_message_without_attributes_is_taken_for_the_first_receive() -> None:
    message = from_receive({"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"}, ARN)

    assert message == Message("m", "r", "{}", 1, ARN, None)


def test_the_queue_of_a_message_is_the_last_part_of_its_arn() -> None:
    message, _ = read_batch(json.loads(body("lambda_sqs")))

    assert message.queue == "pixfleet-live"


@pytest.mark.parametrize(
    ("queue_arn", "lane"),
    [(ARN, "live"), ("pixfleet-bulk", "bulk"), ("live", "live"), ("", "")],
)
def test_the_lane_of_a_message_is_the_last_word_of_its_queue(queue_arn: str, lane: str) -> None:
    assert Message("m", "r", "{}", 1, queue_arn, None).lane == lane


def test_attributes_read_the_same_from_both_shapes() -> None:
    lambdas = {
        "messageId": "m",
        "messageAttributes": {"cause": {"dataType": "String", "stringValue": "corrupt"}},
    }
    boto3s = {"MessageAttributes": {"cause": {"DataType": "String", "StringValue": "corrupt"}}}

    (message,) = read_batch({"Records": [lambdas]})

    assert message.attributes == {"cause": "corrupt"}
    assert from_receive(boto3s, ARN).attributes == message.attributes


@pytest.mark.parametrize(
    "wrong", [None, 5, "cause", [], {"binaryValue": "eA=="}, {"stringValue": 5}], ids=repr
)
def test_an_attribute_that_holds_no_text_is_left_out(wrong: object) -> None:
    record = {
        "messageId": "m",
        "messageAttributes": {"odd": wrong, 5: {"stringValue": "x"}, "stage": {"stringValue": ""}},
    }

    (message,) = read_batch({"Records": [record]})

    assert message.attributes == {"stage": ""}


def test_messages_are_hashable_and_differ_by_their_attributes() -> None:
    plain, attributed = (
        Message("m", "r", "{}", 1, ARN, None, attributes) for attributes in ({}, {"cause": "x"})
    )

    assert len({plain, attributed}) == 2


@pytest.mark.parametrize(
    "event",
    [
        None,
        5,
        "Records",
        [],
        {},
        {"Records": None},
        {"Records": 5},
        {"Records": "abc"},
        {"records": []},
    ],
    ids=repr,
)
def test_an_event_of_another_kind_has_no_messages(event: object) -> None:
    assert read_batch(event) == ()


@pytest.mark.parametrize(
    "record", [None, 5, "m", [], {}, {"messageId": 5}, {"messageId": ""}], ids=repr
)
def test_a_record_without_an_id_is_skipped(record: object) -> None:
    event = {"Records": [record, {"messageId": "kept"}]}

    assert [message.id for message in read_batch(event)] == ["kept"]


@pytest.mark.parametrize("wrong", [None, 5, {"a": 1}, ["b"]], ids=repr)
def test_a_record_with_an_ill_typed_body_fails_alone(wrong: object) -> None:
    event = json.loads(altered("lambda_sqs", "Records.0.body", wrong))

    broken, whole = read_batch(event)

    assert broken.body == ""
    assert broken.id == "059f36b4-87a3-44ab-83d2-661970000001"
    assert whole.body == "not JSON"
    with pytest.raises(BadMessage):
        read_hints(broken.body)


def test_a_record_with_nothing_but_an_id_is_a_message() -> None:
    messages = read_batch({"Records": [{"messageId": "m"}]})

    assert messages == (Message("m", "", "", 1, "", None),)


def test_a_missing_receipt_does_not_lose_the_body() -> None:
    event = json.loads(altered("lambda_sqs", "Records.1.receiptHandle", None))

    _, message = read_batch(event)

    assert (message.receipt_handle, message.body) == ("", "not JSON")


@pytest.mark.parametrize("count", [None, "", "0", "-1", "many", "9" * 5000, True, {}], ids=repr)
def test_a_receive_count_that_cannot_be_read_is_taken_for_one(count: object) -> None:
    event = json.loads(
        altered("lambda_sqs", "Records.1.attributes.ApproximateReceiveCount", count)
    )

    _, message = read_batch(event)

    assert message.receive_count == 1


@pytest.mark.parametrize("sent", [None, "", "-1", "253402300800000", "now", 1e300, []], ids=repr)
def test_a_time_that_cannot_be_read_is_unknown(sent: object) -> None:
    event = json.loads(altered("lambda_sqs", "Records.1.attributes.SentTimestamp", sent))

    _, message = read_batch(event)

    assert message.sent_at is None


def test_the_last_millisecond_that_a_time_can_hold_is_read() -> None:
    event = json.loads(
        altered("lambda_sqs", "Records.1.attributes.SentTimestamp", "253402300799999")
    )

    _, message = read_batch(event)

    assert message.sent_at is not None
    assert message.sent_at.year == 9999


@given(json_values)
def test_any_event_is_read_without_raising(event: object) -> None:
    assert all(isinstance(message, Message) for message in read_batch(event))


@given(json_values, json_values, json_values, json_values, json_values)
def test_any_record_with_an_id_is_a_message(
    body: object, receipt: object, attributes: object, arn: object, attached: object
) -> None:
    record = {
        "messageId": "m",
        "body": body,
        "receiptHandle": receipt,
        "attributes": attributes,
        "eventSourceARN": arn,
        "messageAttributes": attached,
    }

    (message,) = read_batch({"Records": [record]})

    assert message.id == "m"
    assert message.receive_count >= 1
