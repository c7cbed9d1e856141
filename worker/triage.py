"""Decides about a message that failed: a larger lane, the dead-letter queue, or another try."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import structlog

from shared.cloud.queues import MAX_DELAY_SECONDS, Queues
from shared.deadline import Deadline
from shared.events import backfill
from shared.events.sqs import Message
from shared.model.dead_letter import DeadLetterAttributes, was_redriven
from shared.model.errors import Claimed, Failure, PixfleetError, Transient, Unknown
from shared.model.lanes import FORWARDED_FROM
from shared.model.versions import WORKER_VERSION
from shared.settings import MAX_LEASE_SECONDS
from worker.back_off import BackOff
from worker.forward import Forward

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
    sources_bucket: str = ""

    def handle(self, message: Message, failure: Failure, key: str = "") -> bool:
        """Dead-letter, delay or replace a message; return whether its queue may delete it.

        `key` is the source that failed, empty if the failure is the message's own. Never raises: a
        message that could not be moved is received again.
        """
        return self._guarded(message, lambda: self._handle(message, failure, key))

    def forward(self, message: Message, forward: Forward, *, is_only_key: bool) -> bool:
        """Send a key to a larger lane; return whether its message may be acknowledged.

        `is_only_key` says that the message names no other key. Never raises, like `handle`.
        """
        return self._guarded(
            message, lambda: self._forward(message, forward, is_only_key=is_only_key)
        )

    def is_final(self, message: Message, failure: Failure) -> bool:
        """Return whether another try would not help, or was the last."""
        return failure.is_permanent or self._was_last(message)

    def _handle(self, message: Message, failure: Failure, key: str) -> bool:
        if self._was_last(message) and isinstance(failure, Claimed) and _will_end(failure):
            self._send_again(message, failure)
            return True
        if self.is_final(message, failure):
            self._dead_letter(message, failure, key)
            return True
        self._delay(message, failure)
        return False

    def _forward(self, message: Message, forward: Forward, *, is_only_key: bool) -> bool:
        redrive_id = DeadLetterAttributes.parse(message.attributes).redrive_id
        # Not the cause of a dead letter, or a later failure would look like that of a redrive. A
        # message of a redrive without an id must still ask for another try, as our own does.
        is_as_it_was = is_only_key and (redrive_id or not was_redriven(message.attributes))
        alone = backfill.write(self.sources_bucket, [forward.key])
        attributes = {FORWARDED_FROM: ",".join(forward.from_lanes)}
        if redrive_id:
            attributes["redrive_id"] = redrive_id
        try:
            self.queues.send(forward.queue, message.body if is_as_it_was else alone, attributes)
        except Unknown:
            # The message with one more attribute may be longer than SQS allows.
            self.queues.send(forward.queue, alone, attributes)
        return True

    def _guarded(self, message: Message, act: Callable[[], bool]) -> bool:
        """Return what an act returns; after an error False, and the message stays in its queue."""
        try:
            return act()
        except PixfleetError as trouble:
            log.warning("message left in its queue", message_id=message.id, trouble=str(trouble))
        except Exception:  # what happens to one message may not touch another
            log.exception("message left in its queue", message_id=message.id)
        return False

    def _was_last(self, message: Message) -> bool:
        """Return whether SQS would move the message instead of delivering it again."""
        return message.receive_count >= self.max_receives

    def _send_again(self, message: Message, failure: Claimed) -> None:
        """Send a copy, whose receives are counted anew: another's claim is no failed try.

        Whoever holds the key has tries of its own, which end. A larger lane may hold it for longer
        than eight receives last.
        """
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


def _will_end(claimed: Claimed) -> bool:
    """Return whether a claim is of a worker or renderer that is at work.

    A longer lease is an error in the entry, which a person has to see.
    """
    return claimed.is_live and claimed.lease_left_seconds <= MAX_LEASE_SECONDS
