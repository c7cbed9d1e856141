"""What becomes of a message whose work failed: the dead-letter queue, or another try later."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import structlog

from shared.cloud.queues import Queues
from shared.events.sqs import Message
from shared.model.dead_letter import LEAST, REDRIVE_ID
from shared.model.errors import MAX_DETAIL_CHARS, Failure, PixfleetError, Transient, Unknown
from shared.model.versions import WORKER_VERSION

BASE_SECONDS = 30
CAP_SECONDS = 30 * 60

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Triage:
    """Decides by the failure's class and the message's receive count."""

    queues: Queues
    dead_letter_queue: str
    max_receives: int
    request_id: str = ""

    def settle(self, message: Message, failure: Failure, key: str = "") -> bool:
        """Return whether the message is dealt with for good; if not, the queue keeps it.

        `key` is the source's whose failure it is, if it is a source's.
        Never raises: a message that could not be moved is simply tried again.
        """
        try:
            if self.is_final(message, failure):
                self._bury(message, failure, key)
                return True
            self._put_off(message, failure)
        except PixfleetError as trouble:
            log.warning("message left to its queue", message_id=message.id, trouble=str(trouble))
        except Exception:  # what happens to one message may not touch another
            log.exception("message left to its queue", message_id=message.id)
        return False

    def is_final(self, message: Message, failure: Failure) -> bool:
        """Say whether no further try could help, or none is left."""
        return failure.is_permanent or message.receive_count >= self.max_receives

    def _bury(self, message: Message, failure: Failure, key: str) -> None:
        attributes = {
            "key": _printable(key),
            "cause": failure.cause.value,
            "stage": failure.stage,
            "detail": _printable(failure.detail)[:MAX_DETAIL_CHARS],
            "source_queue": message.queue,
            "origin_message_id": message.id,
            "receive_count": str(message.receive_count),
            "worker_version": WORKER_VERSION,
            "request_id": self.request_id,
            REDRIVE_ID: _printable(message.attributes.get(REDRIVE_ID, "")),
        }
        # SQS refuses empty attribute values.
        filled = {name: value for name, value in attributes.items() if value}
        self._send(message.body, filled)
        log.warning(
            "message became a dead letter",
            lane=message.lane,
            message_id=message.id,
            dead_letters=1,
            **{**filled, "key": key},
        )

    def _send(self, body: str, attributes: Mapping[str, str]) -> None:
        try:
            self.queues.send(self.dead_letter_queue, body, attributes)
        except Unknown:
            # Attributes count against SQS's limit, and the body may leave no room for all of them.
            least = {name: attributes[name] for name in LEAST if name in attributes}
            self.queues.send(self.dead_letter_queue, body, least)

    def _put_off(self, message: Message, failure: Failure) -> None:
        chance = random.random()  # noqa: S311 - jitter, not a secret
        seconds = back_off_seconds(message.receive_count, chance)
        wanted = failure.retry_after_seconds if isinstance(failure, Transient) else None
        # Sooner than the back-off, but at once only the first time: receives are few.
        if wanted is not None and (wanted or message.receive_count == 1):
            seconds = min(seconds, wanted)
        self.queues.put_off(message.queue, message.receipt_handle, seconds=ceil(seconds))


def back_off_seconds(receive_count: int, chance: float) -> float:
    """Return 30 s doubling to 30 min, and up to half as much again by `chance` (0 to 1).

    Never less: eight receives must outlast an hour's outage.
    """
    # 2 ** 10 is beyond the cap; a receive count has no bound of its own.
    doublings = max(0, min(receive_count - 1, 10))
    full: float = min(CAP_SECONDS, BASE_SECONDS * 2**doublings)
    return full * (1 + chance / 2)


def _printable(text: str) -> str:
    """Replace what SQS does not take in an attribute: characters that XML 1.0 does not allow."""
    return "".join(char if char.isprintable() else " " for char in text)
