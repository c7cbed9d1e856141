"""The message attributes of a dead letter: their names, their order and SQS's rules for them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from shared.model.errors import MAX_DETAIL_CHARS
from shared.text import replace_unprintable

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
MAX_ATTRIBUTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterAttributes:
    """Why a message failed and where it came from; the fields bear the attributes' names.

    The worker writes them when it moves a message to the dead-letter queue. A message that SQS
    itself moved after too many receives has none of them: all fields are empty.
    """

    key: str = ""
    cause: str = ""
    stage: str = ""
    detail: str = ""
    source_queue: str = ""
    origin_message_id: str = ""
    receive_count: str = ""
    worker_version: str = ""
    request_id: str = ""
    # `pixfleet dlq status` finds by it the messages of a redrive that failed again.
    redrive_id: str = ""

    @classmethod
    def parse(cls, attributes: Mapping[str, str]) -> Self:
        """Read the attributes of a received message; attributes of other names are ignored."""
        return cls(**{name: attributes.get(name, "") for name in NAMES})

    def encode(self) -> dict[str, str]:
        """Return the attributes to send, in the order of the fields.

        SQS refuses empty values: they are left out. It also refuses characters that XML 1.0 does
        not allow: every character that is not printable becomes a space.
        """
        printable = {name: replace_unprintable(getattr(self, name), " ") for name in NAMES}
        printable["detail"] = printable["detail"][:MAX_DETAIL_CHARS]
        return {name: value for name, value in printable.items() if value}

    def encode_minimal(self) -> dict[str, str]:
        """Return the attributes to send with a body that leaves no room for all of them.

        Attributes count against SQS's limit on the size of a message.
        """
        return {name: value for name, value in self.encode().items() if name in MINIMAL}


NAMES = tuple(field.name for field in fields(DeadLetterAttributes))
MINIMAL = frozenset({"cause", "stage", "redrive_id"})
# No other message has these. A dead letter that SQS itself moved gets the second by a redrive.
ONLY_ON_DEAD_LETTERS = frozenset({"cause", "redrive_id"})


def was_redriven(attributes: Mapping[str, str]) -> bool:
    """Return whether a message on a lane came out of the dead-letter queue."""
    return not ONLY_ON_DEAD_LETTERS.isdisjoint(attributes)
