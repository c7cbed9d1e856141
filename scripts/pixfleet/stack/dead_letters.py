"""A message of the dead-letter queue, and the reason that the worker attached to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.events.body import read_hints
from shared.events.sqs import Message, from_receive
from shared.model.dead_letter import DeadLetterAttributes
from shared.model.errors import BadMessage

# SQS itself moved the message: the worker crashed before it could attach a cause.
NO_CAUSE = "-"
# EventBridge put the event here, because it could not send it to its queue.
UNDELIVERED = "undelivered"
# Causes that no worker attaches.
UNATTACHED = (NO_CAUSE, UNDELIVERED)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter; `keys` are those that its body names, empty if it cannot be read."""

    message: Message
    keys: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return SQS's id of the message; a redrive gives the message another one."""
        return self.message.id

    @property
    def attributes(self) -> DeadLetterAttributes:
        """Return the attributes that the worker attached."""
        return DeadLetterAttributes.parse(self.message.attributes)

    @property
    def cause(self) -> str:
        """Return the cause that the worker attached, or one of `UNATTACHED`."""
        return self.attributes.cause or (UNDELIVERED if self._target_arn else NO_CAUSE)

    @property
    def detail(self) -> str:
        """Return the worker's detail, or EventBridge's error code and message."""
        found = self.message.attributes
        said = (found.get("ERROR_CODE", ""), found.get("ERROR_MESSAGE", ""))
        return self.attributes.detail or ": ".join(filter(None, said))

    @property
    def source_queue(self) -> str:
        """Return the queue that it came from, or that EventBridge could not send it to."""
        return self.attributes.source_queue or self._target_arn.rpartition(":")[2]

    @property
    def _target_arn(self) -> str:
        """Return the target of an EventBridge rule, or an empty string.

        EventBridge attaches it to each event that it moves to a dead-letter queue:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        return self.message.attributes.get("TARGET_ARN", "")

    @property
    def key(self) -> str:
        """Return the key of the source that failed, or an empty string if it is not known.

        The key in the body is preferred: in the attribute, spaces replace unprintable characters.
        """
        if len(self.keys) == 1:
            return self.keys[0]
        return self.attributes.key or next(iter(self.keys), "")

    @property
    def sent_at(self) -> datetime | None:
        """Return when the worker sent it to the dead-letter queue.

        If SQS moved the message, return when it was first sent to its lane.
        """
        return self.message.sent_at

    @property
    def redrive_id(self) -> str:
        """Return the id of the redrive after which it failed again, or an empty string."""
        return self.attributes.redrive_id

    @property
    def digest(self) -> str:
        """Return a digest of the body, which is the same after a redrive."""
        return sha256(self.message.body.encode(errors="replace")).hexdigest()[:32]


def read_dead_letter(raw: Mapping[str, object], queue: str) -> DeadLetter:
    """Read an entry of boto3's `receive_message`."""
    message = from_receive(raw, queue)
    try:
        keys = tuple(dict.fromkeys(hint.key for hint in read_hints(message.body)))
    except BadMessage:
        keys = ()
    return DeadLetter(message, keys)
