"""A dead letter: a message of the dead-letter queue, with what it says of its own death."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.events.body import read_hints
from shared.events.sqs import Message, from_receive
from shared.model.dead_letter import DeadLetterAttributes
from shared.model.errors import BadMessage

# Where SQS moved the message by itself: its worker died before it could say why.
NO_CAUSE = "-"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter; `keys` are those that its body names, none for a body that is not read."""

    message: Message
    keys: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return SQS's id of the message, which another redrive would change."""
        return self.message.id

    @property
    def attributes(self) -> DeadLetterAttributes:
        """Return the attributes that a worker attached."""
        return DeadLetterAttributes.parse(self.message.attributes)

    @property
    def cause(self) -> str:
        """Return the cause that the worker stamped, or `NO_CAUSE`."""
        return self.attributes.cause or NO_CAUSE

    @property
    def key(self) -> str:
        """Return the key over which it died, as far as anybody knows.

        The attribute is made printable, so that the body is believed first.
        """
        if len(self.keys) == 1:
            return self.keys[0]
        return self.attributes.key or next(iter(self.keys), "")

    @property
    def sent_at(self) -> datetime | None:
        """Return when it died, or when it was sent where SQS moved it by itself."""
        return self.message.sent_at

    @property
    def redrive_id(self) -> str:
        """Return the id of the redrive after which it died again."""
        return self.attributes.redrive_id

    @property
    def digest(self) -> str:
        """Return what the body is known by: it survives a redrive and a second death."""
        return sha256(self.message.body.encode(errors="replace")).hexdigest()[:32]


def read_letter(raw: Mapping[str, object], queue: str) -> Letter:
    """Return an entry of boto3's `receive_message` as a letter."""
    message = from_receive(raw, queue)
    try:
        keys = tuple(dict.fromkeys(hint.key for hint in read_hints(message.body)))
    except BadMessage:
        keys = ()
    return Letter(message, keys)
