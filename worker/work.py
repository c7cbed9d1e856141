"""One piece of work: a key that some messages of a batch name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events import backfill
from shared.events.hint import Hint
from shared.events.sqs import Message
from shared.model.dead_letter import was_redriven
from shared.model.entry import Entry
from shared.model.errors import BadMessage
from shared.model.lanes import forwarded_from

# The hints in a message, each with a key; or why the message cannot be read.
Reading = tuple[Hint, ...] | BadMessage


@dataclass(frozen=True, slots=True)
class Work:
    """A key and the messages that name it.

    `receives` is the highest receive count of the messages, `happened_at` the time of the earliest
    event, `queue` and `lane` those of the first message. `is_redriven` says that one of the
    messages was a dead letter, `is_backfill` that one comes from a backfill. `forwarded_from` has
    the lanes that a forwarded message has been on, empty if none is forwarded.
    """

    key: str
    message_ids: tuple[str, ...]
    receives: int = 1
    queue: str = ""
    lane: str = ""
    happened_at: datetime | None = None
    is_redriven: bool = False
    is_backfill: bool = False
    request_id: str = ""
    forwarded_from: tuple[str, ...] = ()

    @property
    def asks_again(self) -> bool:
        """Return whether a rejected source is to be tried once more."""
        return self.is_redriven or self.is_backfill

    def answers_for(self, entry: Entry) -> bool:
        """Return whether an earlier receive of these messages may have led to the entry.

        A redriven message has a new id, so any entry may be its work.
        """
        return self.is_redriven or not entry.message_ids.isdisjoint(self.message_ids)


def works_of(
    messages: Sequence[Message], readings: Sequence[Reading], request_id: str = ""
) -> tuple[Work, ...]:
    """Return each key once, in order; several records about one key are one piece of work."""
    asked = [
        (at, message, hint)
        for message, reading in zip(messages, readings, strict=True)
        for at, hint in enumerate(reading if isinstance(reading, tuple) else ())
    ]
    hints: dict[str, list[tuple[Message, Hint]]] = {}
    # The first key of each message, then the second: a long message must not delay the others.
    for _, message, hint in sorted(asked, key=lambda each: each[0]):
        hints.setdefault(hint.key, []).append((message, hint))
    return tuple(_work(key, of_key, request_id) for key, of_key in hints.items())


def _work(key: str, hints: Sequence[tuple[Message, Hint]], request_id: str) -> Work:
    moments = [hint.happened_at for _, hint in hints if hint.happened_at]
    first, _ = hints[0]
    return Work(
        key=key,
        message_ids=tuple(dict.fromkeys(message.id for message, _ in hints)),
        receives=max(message.receive_count for message, _ in hints),
        queue=first.queue,
        lane=first.lane,
        happened_at=min(moments, default=None),
        is_redriven=any(was_redriven(each.attributes) for each, _ in hints),
        is_backfill=any(hint.event == backfill.KIND for _, hint in hints),
        request_id=request_id,
        forwarded_from=max((forwarded_from(each.attributes) for each, _ in hints), key=len),
    )
