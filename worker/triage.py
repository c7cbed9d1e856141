"""Decides about a message whose processing failed: the dead-letter queue, or another try later."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import structlog

from shared.cloud.queues import MAX_DELAY_SECONDS, Queues
from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.dead_letter import DeadLetterAttributes
from shared.model.errors import Claimed, Failure, PixfleetError, Transient, Unknown
from shared.model.versions import WORKER_VERSION
from worker.back_off import BackOff

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Triage:
    """Decides by the failure's class and the message's receive count.

    `chance` returns a random number from 0 to 1, for the jitter of the back-off. After `until`,
    the end of the batch, a message may be visible again, and another worker may have received it.
    """

    queues: Queues
    dead_letter_queue: str
    max_receives: int
    back_off: BackOff
    chance: Callable[[], float]
    until: Deadline
    request_id: str = ""

    def handle(self, message: Message, failure: Failure, key: str = "") -> bool:
        """Dead-letter, delay or replace a message; return whether its queue may delete it.

        `key` is the source that failed, empty if the failure is the message's own. Never raises: a
        message that could not be moved is received again.
        """
        try:
            if self._was_last(message) and isinstance(failure, Claimed) and failure.is_serving:
                self._send_again(message, failure)
                return True
            if self.is_final(message, failure):
                self._dead_letter(message, failure, key)
                return True
            self._delay(message, failure)
        except PixfleetError as trouble:
            log.warning("message left in its queue", message_id=message.id, trouble=str(trouble))
        except Exception:  # what happens to one message may not touch another
            log.exception("message left in its queue", message_id=message.id)
        return False

    def is_final(self, message: Message, failure: Failure) -> bool:
        """Return whether another try would not help, or was the last."""
        return failure.is_permanent or self._was_last(message)

    def _was_last(self, message: Message) -> bool:
        """Return whether SQS would move the message instead of delivering it again."""
        return message.receive_count >= self.max_receives

    def _send_again(self, message: Message, failure: Claimed) -> None:
        """Send a copy, whose receives are counted anew: a renderer's claim is no failed try."""
        delay_seconds = min(ceil(failure.lease_left_seconds), MAX_DELAY_SECONDS)
        self.queues.send_delayed(
            message.queue, message.body, message.attributes, delay_seconds=delay_seconds
        )
        log.info("message sent again", message_id=message.id, lane=message.lane)

    def _dead_letter(self, message: Message, failure: Failure, key: str) -> None:
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

    def _delay(self, message: Message, failure: Failure) -> None:
        if not self.until.remaining_seconds():
            # SQS accepts a late change, and would hide or show what another worker holds:
            # https://github.com/localstack/localstack/pull/9632 (validated against AWS).
            log.warning("message left in its queue", message_id=message.id, trouble="too late")
            return
        seconds = self.back_off.seconds(message.receive_count, self.chance())
        wanted = failure.retry_after_seconds if isinstance(failure, Transient) else None
        # A failure may ask for less than the back-off. It gets no delay at all the first time
        # only, because the receives of a message are few.
        if wanted is not None and (wanted or message.receive_count == 1):
            seconds = min(seconds, wanted)
        self.queues.delay(message.queue, message.receipt_handle, seconds=ceil(seconds))
