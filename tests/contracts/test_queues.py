"""SQS's receives, visibility and handles."""

import pytest
from botocore.exceptions import ClientError

from tests.contracts.engines import Engine, Simulator
from tests.contracts.messages import delete, hide, receive, received, send
from tests.contracts.refused import refused
from tests.simulator.queues import LateChange

SERVICE = "AWS.SimpleQueueService."


def test_a_receive_shows_no_attributes_that_were_not_asked_for(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue, cause="corrupt")

    (message,) = engine.sqs.receive_message(QueueUrl=queue)["Messages"]

    assert not message.get("Attributes")
    assert not message.get("MessageAttributes")


def test_a_receive_shows_the_attributes_that_were_asked_for(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue, cause="corrupt", stage="render")

    (message,) = engine.sqs.receive_message(
        QueueUrl=queue,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
        MessageAttributeNames=["cause"],
    )["Messages"]

    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}
    assert list(message["MessageAttributes"]) == ["cause"]
    assert message["MessageAttributes"]["cause"]["StringValue"] == "corrupt"


def test_an_empty_queue_answers_without_messages(engine: Engine) -> None:
    queue = engine.queue()

    assert not engine.sqs.receive_message(QueueUrl=queue).get("Messages")


def test_a_receive_gives_at_most_ten(engine: Engine) -> None:
    queue = engine.queue()
    for _ in range(11):
        send(engine, queue)

    messages = receive(engine, queue)

    assert len({each["MessageId"] for each in messages}) == 10
    assert len(receive(engine, queue)) == 1


def test_to_ask_for_more_than_ten_is_refused(engine: Engine) -> None:
    queue = engine.queue()

    with pytest.raises(ClientError, match="between 1 and 10"):
        engine.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=11)


def test_a_message_sent_with_a_delay_is_received_after_it(engine: Engine) -> None:
    queue = engine.queue()
    engine.sqs.send_message(QueueUrl=queue, MessageBody="body", DelaySeconds=1)
    depth = engine.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    assert receive(engine, queue) == []

    assert depth["ApproximateNumberOfMessages"] == "0"
    assert depth["ApproximateNumberOfMessagesDelayed"] == "1"
    assert engine.eventually(lambda: receive(engine, queue))


def test_a_message_is_delayed_for_at_most_fifteen_minutes(engine: Engine) -> None:
    queue = engine.queue()

    with refused("InvalidParameterValue", 400):
        engine.sqs.send_message(QueueUrl=queue, MessageBody="body", DelaySeconds=901)


def test_a_received_message_is_invisible_until_its_visibility_timeout_ends(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="1")
    name = send(engine, queue)
    received(engine, queue)

    assert receive(engine, queue) == []

    (again,) = engine.eventually(lambda: receive(engine, queue))
    assert again["MessageId"] == name
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_receive_may_set_the_visibility_timeout(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="30")
    send(engine, queue)
    received(engine, queue, VisibilityTimeout=0)

    assert received(engine, queue)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_visibility_timeout_of_zero_shows_the_message_at_once(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue)

    hide(engine, queue, received(engine, queue)["ReceiptHandle"], 0)

    assert received(engine, queue)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_changed_visibility_timeout_counts_from_now(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="1")
    send(engine, queue)
    first = received(engine, queue)
    engine.rest(0.4)

    hide(engine, queue, first["ReceiptHandle"], 1)

    engine.rest(0.7)
    assert receive(engine, queue) == []
    assert engine.eventually(lambda: receive(engine, queue))


def test_a_batch_changes_each_visibility_timeout_by_itself(engine: Engine) -> None:
    queue = engine.queue()
    first, second = send(engine, queue), send(engine, queue)
    receipts = {each["MessageId"]: each["ReceiptHandle"] for each in receive(engine, queue)}
    delete(engine, queue, receipts[first])

    answer = engine.sqs.change_message_visibility_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": name, "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for name, receipt in receipts.items()
        ],
    )

    assert [each["Id"] for each in answer["Successful"]] == [second]
    assert [each["Id"] for each in answer["Failed"]] == [first]
    assert received(engine, queue)["MessageId"] == second


def test_a_changed_visibility_timeout_is_of_this_receive_only(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="0")
    send(engine, queue)
    hidden = received(engine, queue, VisibilityTimeout=30)
    hide(engine, queue, hidden["ReceiptHandle"], 0)

    received(engine, queue)

    assert received(engine, queue)["Attributes"]["ApproximateReceiveCount"] == "3"


def test_a_changed_visibility_timeout_is_at_most_twelve_hours(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue)
    receipt = received(engine, queue)["ReceiptHandle"]

    with refused("InvalidParameterValue", 400):
        hide(engine, queue, receipt, 43_201)


def test_visibility_timeouts_last_twelve_hours_in_all_since_the_receive(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue)
    receipt = received(engine, queue)["ReceiptHandle"]
    engine.rest(1)

    with refused("InvalidParameterValue", 400):
        hide(engine, queue, receipt, 43_200)


def test_a_late_change_of_the_visibility_timeout_hides_the_message_again(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="1")
    send(engine, queue)
    receipt = received(engine, queue)["ReceiptHandle"]
    engine.rest(1.1)

    hide(engine, queue, receipt, 30)

    assert receive(engine, queue) == []


@pytest.mark.faults
@pytest.mark.parametrize("late_change", LateChange)
def test_the_simulator_does_each_thing_that_sqs_may_do_about_a_late_change(
    late_change: LateChange,
) -> None:
    engine = Simulator(lambda: late_change)
    queue = engine.queue(VisibilityTimeout="1")
    send(engine, queue)
    receipt = received(engine, queue)["ReceiptHandle"]
    engine.rest(1.1)

    said = "200"
    try:
        hide(engine, queue, receipt, 30)
    except ClientError as error:
        said = error.response["Error"]["Code"]

    assert (said, len(receive(engine, queue))) == {
        LateChange.REFUSED: (f"{SERVICE}MessageNotInflight", 1),
        LateChange.IGNORED: ("200", 1),
        LateChange.HIDES: ("200", 0),
    }[late_change]


@pytest.mark.faults
@pytest.mark.parametrize("seconds", [0, 60])
def test_in_the_simulator_a_late_change_is_of_the_message_that_another_consumer_holds(
    seconds: int,
) -> None:
    engine = Simulator(lambda: LateChange.HIDES)
    queue = engine.queue(VisibilityTimeout="30")
    send(engine, queue)
    receipt = received(engine, queue, VisibilityTimeout=1)["ReceiptHandle"]
    engine.rest(1.1)
    received(engine, queue)

    hide(engine, queue, receipt, seconds)

    engine.rest(31 if seconds else 0)
    assert len(receive(engine, queue)) == (0 if seconds else 1)


def test_the_visibility_timeout_of_a_deleted_message_cannot_be_changed(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue)
    receipt = received(engine, queue)["ReceiptHandle"]
    delete(engine, queue, receipt)

    with refused("InvalidParameterValue", 400):
        hide(engine, queue, receipt, 30)


def test_every_receive_has_another_handle(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="0")
    send(engine, queue)

    receipts = {received(engine, queue)["ReceiptHandle"] for _ in range(3)}

    assert len(receipts) == 3


def test_a_delete_with_an_older_handle_succeeds_and_deletes_nothing(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="0")
    send(engine, queue)
    older = received(engine, queue)["ReceiptHandle"]
    received(engine, queue)

    delete(engine, queue, older)

    assert receive(engine, queue)


def test_a_delete_works_after_the_message_has_become_visible(engine: Engine) -> None:
    queue = engine.queue(VisibilityTimeout="0")
    send(engine, queue)

    delete(engine, queue, received(engine, queue)["ReceiptHandle"])

    assert receive(engine, queue) == []


def test_deleting_twice_succeeds(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue)
    receipt = received(engine, queue)["ReceiptHandle"]

    delete(engine, queue, receipt)
    delete(engine, queue, receipt)


def test_an_invalid_handle_fails_alone(engine: Engine) -> None:
    queue = engine.queue()
    send(engine, queue)
    receipt = received(engine, queue, VisibilityTimeout=0)["ReceiptHandle"]

    answer = engine.sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "none", "ReceiptHandle": "no handle"},
            {"Id": "good", "ReceiptHandle": receipt},
        ],
    )

    assert [each["Id"] for each in answer["Successful"]] == ["good"]
    assert [each["Id"] for each in answer["Failed"]] == ["none"]
    assert answer["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    assert answer["Failed"][0]["SenderFault"]
    assert receive(engine, queue) == []


def test_a_batch_deletes_at_most_ten_messages(engine: Engine) -> None:
    queue = engine.queue()

    with refused(f"{SERVICE}TooManyEntriesInBatchRequest", 400):
        engine.sqs.delete_message_batch(
            QueueUrl=queue,
            Entries=[{"Id": str(at), "ReceiptHandle": "x"} for at in range(11)],
        )


def test_a_batch_deletes_at_least_one_message(engine: Engine) -> None:
    queue = engine.queue()

    with refused(f"{SERVICE}EmptyBatchRequest", 400):
        engine.sqs.delete_message_batch(QueueUrl=queue, Entries=[])


def test_the_entries_of_a_batch_have_different_ids(engine: Engine) -> None:
    queue = engine.queue()

    with refused(f"{SERVICE}BatchEntryIdsNotDistinct", 400):
        engine.sqs.delete_message_batch(
            QueueUrl=queue, Entries=[{"Id": "0", "ReceiptHandle": "x"}] * 2
        )


def test_a_missing_queue_is_refused_by_its_old_error_code(engine: Engine) -> None:
    with refused(f"{SERVICE}NonExistentQueue", 400):
        engine.sqs.get_queue_url(QueueName="never-made")
