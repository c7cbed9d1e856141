"""Short functions to send, receive, delay and delete messages."""

from typing import TYPE_CHECKING, Any

from tests.contracts.engines import Engine

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


def send(engine: Engine, queue: str, body: str = "x", **attributes: str) -> str:
    """Send a message with string attributes and return its id."""
    answer = engine.sqs.send_message(
        QueueUrl=queue,
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in attributes.items()
        },
    )
    return answer["MessageId"]


def receive(engine: Engine, queue: str, **arguments: Any) -> "list[MessageTypeDef]":  # noqa: ANN401 - boto3's
    """Return up to ten messages with all their attributes."""
    answer = engine.sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
        **arguments,
    )
    return answer.get("Messages", [])


def received(engine: Engine, queue: str, **arguments: Any) -> "MessageTypeDef":  # noqa: ANN401 - boto3's
    (message,) = receive(engine, queue, **arguments)
    return message


def delete(engine: Engine, queue: str, receipt: str) -> None:
    answer = engine.sqs.delete_message_batch(
        QueueUrl=queue, Entries=[{"Id": "0", "ReceiptHandle": receipt}]
    )
    assert not answer.get("Failed")


def hide(engine: Engine, queue: str, receipt: str, seconds: int) -> None:
    engine.sqs.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=receipt, VisibilityTimeout=seconds
    )
