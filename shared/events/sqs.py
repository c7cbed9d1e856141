"""SQS messages, as a Lambda event or as boto3's `receive_message` holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec

from shared.model.lanes import lane_of_queue

Shape = TypeVar("Shape")

Count = Annotated[int, msgspec.Meta(ge=1)]
# Up to the end of the year 9999, the last that a datetime can hold.
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000)]


@dataclass(frozen=True, slots=True)
class Message:
    """One received message of a queue; `receive_count` counts from 1.

    Missing fields are empty, so that only this message fails and not its batch.
    """

    id: str
    receipt_handle: str
    body: str
    receive_count: int
    queue_arn: str
    sent_at: datetime | None
    # The message attributes that hold text. Dead letters have their cause there.
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def queue(self) -> str:
        """Return the queue's name, the last part of its ARN."""
        return self.queue_arn.rpartition(":")[2]

    @property
    def lane(self) -> str:
        """Return the last word of the queue's name: `live` of `pixfleet-live`."""
        return lane_of_queue(self.queue)


def read_batch(event: object) -> tuple[Message, ...]:
    """Return the messages of a Lambda event; empty for other events. Never raises.

    A record without a `messageId` is skipped, as it could not be reported as failed.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, Sequence) or isinstance(records, str | bytes):
        return ()
    mappings = (record for record in records if isinstance(record, Mapping))
    return tuple(_from_record(record) for record in mappings if _text(record, "messageId"))


def from_receive(raw: Mapping[str, object], queue_arn: str) -> Message:
    """Return a message of boto3's `receive_message`, requested with all its attributes."""
    count, sent_at = _system_attributes(raw.get("Attributes"))
    return Message(
        id=_text(raw, "MessageId"),
        receipt_handle=_text(raw, "ReceiptHandle"),
        body=_text(raw, "Body"),
        receive_count=count,
        queue_arn=queue_arn,
        sent_at=sent_at,
        attributes=_attributes(raw.get("MessageAttributes"), "StringValue"),
    )


def _from_record(record: Mapping[object, object]) -> Message:
    count, sent_at = _system_attributes(record.get("attributes"))
    return Message(
        id=_text(record, "messageId"),
        receipt_handle=_text(record, "receiptHandle"),
        body=_text(record, "body"),
        receive_count=count,
        queue_arn=_text(record, "eventSourceARN"),
        sent_at=sent_at,
        attributes=_attributes(record.get("messageAttributes"), "stringValue"),
    )


def _system_attributes(value: object) -> tuple[int, datetime | None]:
    """Return the receive count and the time of sending; SQS sends both as text."""
    attributes = value if isinstance(value, Mapping) else {}
    count = _read(attributes.get("ApproximateReceiveCount"), Count) or 1
    sent = _read(attributes.get("SentTimestamp"), Milliseconds)
    return count, None if sent is None else datetime.fromtimestamp(sent / 1000, UTC)


def _attributes(value: object, name_of_text: str) -> Mapping[str, str]:
    """Return the attributes that hold text; Lambda and boto3 name that field differently."""
    attributes = value if isinstance(value, Mapping) else {}
    texts = {
        name: attribute.get(name_of_text)
        for name, attribute in attributes.items()
        if isinstance(name, str) and isinstance(attribute, Mapping)
    }
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _text(fields: Mapping[object, object] | Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _read(value: object, shape: type[Shape]) -> Shape | None:
    try:
        return msgspec.convert(value, shape, strict=False)
    except msgspec.ValidationError:
        return None
