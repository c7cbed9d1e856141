"""What the messages of a batch ask for, each key once."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from shared.events import purge
from shared.events.purge import PurgeRequest
from shared.events.sqs import Message
from shared.model.errors import BadMessage

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request for a purge, the messages that ask for it, and ids of receipts that await it.

    `first_sent_at` and `last_sent_at` are in seconds since the epoch.
    """

    request: PurgeRequest
    messages: tuple[Message, ...]
    first_sent_at: float
    last_sent_at: float
    receipts: tuple[str, ...] = ()


def waiting_requests(
    messages: Sequence[Message], now: float, longest_seconds: float
) -> tuple[Waiting, ...]:
    """Return the requests in the order in which they were first sent.

    Messages that cannot be read, and those older than `longest_seconds`, are logged and left out.
    """
    found: dict[PurgeRequest, list[Message]] = {}
    receipts: dict[PurgeRequest, list[str]] = {}
    for message in messages:
        request = _request(message)
        if request is None:
            continue
        if _sent_at(message, now) < now - longest_seconds:
            log.info("purge dropped", message_id=message.id, key=request.key, reason="too old")
            continue
        found.setdefault(request, []).append(message)
        receipts.setdefault(request, []).extend(filter(None, [request.receipt]))
    waiting = [
        _waiting(request, asking, receipts[request], now) for request, asking in found.items()
    ]
    # The key makes the order, and so the invalidation, the same for a repeated batch.
    return tuple(sorted(waiting, key=lambda each: (each.first_sent_at, each.request.key)))


def _waiting(
    request: PurgeRequest, messages: Sequence[Message], receipts: Sequence[str], now: float
) -> Waiting:
    times = [_sent_at(message, now) for message in messages]
    return Waiting(request, tuple(messages), min(times), max(times), tuple(receipts))


def _request(message: Message) -> PurgeRequest | None:
    try:
        return purge.read(message.body)
    except BadMessage as refused:
        log.warning("message refused", message_id=message.id, detail=refused.detail)
        return None


def _sent_at(message: Message, now: float) -> float:
    return message.sent_at.timestamp() if message.sent_at else now
