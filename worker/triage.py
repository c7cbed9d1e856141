"""What becomes of a message whose work failed: the dead-letter queue, or another try later."""

import random
from dataclasses import dataclass
from math import ceil

import structlog

from shared.cloud.queues import Queues
from shared.events.sqs import Message
from shared.model.dead_letter import DeadLetterAttributes
from shared.model.errors import Failure, PixfleetError, Transient, Unknown
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

    def handle(self, message: Message, failure: Failure, key: str = "") -> bool:
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
        attributes = DeadLetterAttributes(
            key=key,
            cause=failure.cause.value,
            stage=failure.stage,
            detail=failure.detail,
            source_queue=message.queue,
            origin_message_id=message.id,
            receive_count=str(message.receive_count),
            worker_version=WORKER_VERSION,
            request_id=self.request_id,
            redrive_id=DeadLetterAttributes.parse(message.attributes).redrive_id,
        )
        self._send(message.body, attributes)
        log.warning(
            "message became a dead letter",
            lane=message.lane,
            message_id=message.id,
            dead_letters=1,
            **{**attributes.encode(), "key": key},
        )

    def _send(self, body: str, attributes: DeadLetterAttributes) -> None:
        try:
            self.queues.send(self.dead_letter_queue, body, attributes.encode())
        except Unknown:
            # The message with all attributes may be longer than SQS allows.
            self.queues.send(self.dead_letter_queue, body, attributes.encode_minimal())

    def _put_off(self, message: Message, failure: Failure) -> None:
        chance = random.random()  # noqa: S311 - jitter, not a secret
        seconds = back_off_seconds(message.receive_count, chance)
        wanted = failure.retry_after_seconds if isinstance(failure, Transient) else None
        # Sooner than the back-off, but at once only the first time: receives are few.
        if wanted is not None and (wanted or message.receive_count == 1):
            seconds = min(seconds, wanted)
        self.queues.delay(message.queue, message.receipt_handle, seconds=ceil(seconds))


def back_off_seconds(receive_count: int, chance: float) -> float:
    """Return 30 s doubling to 30 min, and up to half as much again by `chance` (0 to 1).

    Never less: eight receives must outlast an hour's outage.
    """
    # 2 ** 10 is beyond the cap; a receive count has no bound of its own.
    doublings = max(0, min(receive_count - 1, 10))
    full: float = min(CAP_SECONDS, BASE_SECONDS * 2**doublings)
    return full * (1 + chance / 2)
