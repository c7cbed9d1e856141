"""The batch consumer: up to ten messages in, the ids of those to be tried again out.

Answers from the ids that came in, never raises and never answers none: to Lambda, an exception or
an unknown id means that the whole batch failed, and an empty answer that it all succeeded.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import structlog

from shared.clock import SystemClock
from shared.cloud.queues import BATCH_SIZE
from shared.deadline import Deadline
from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.events.sqs import Message, read_batch
from shared.model.errors import BadMessage, Failure, OutOfTime, Permanent, Unknown
from shared.model.outcome import Outcome
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from worker.fleet import Fleet, build_fleet
from worker.reconcile import reconcile
from worker.story import Story
from worker.triage import Triage

# Kept back from the invocation's time to settle messages and to answer.
SETTLING_SECONDS = 5.0

log = structlog.get_logger()

Ending = Outcome | Failure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one message; `is_settled` says that the queue may forget it."""

    message_id: str
    ending: Ending
    is_settled: bool


class Consumer:
    """Works on one batch at a time; the render children live on between batches."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._threads = ThreadPoolExecutor(BATCH_SIZE, thread_name_prefix="record")

    def consume(
        self, messages: Sequence[Message], deadline: Deadline, *, request_id: str = ""
    ) -> tuple[Verdict, ...]:
        """Return one verdict a message, in their order."""
        settings = self._fleet.settings
        triage = Triage(
            self._fleet.queues, settings.dead_letter_queue, settings.max_receives, request_id
        )
        readings = [self._read(message) for message in messages]
        # Claims are taken from now on, so what ends within one lease ends within each of them.
        deadline = deadline.within(settings.lease_seconds).earlier(SETTLING_SECONDS)
        endings = self._work(_distinct_keys(readings), deadline)
        verdicts = []
        buried: set[Failure] = set()
        for message, reading in zip(messages, readings, strict=True):
            ending = _ending_of(reading, endings, buried)
            # Records of one key share one failure, and one dead letter tells as much as ten.
            settled = not isinstance(ending, Failure) or ending in buried
            if isinstance(ending, Failure) and not settled:
                settled = triage.settle(message, ending)
                buried |= {ending} if settled else set()
            verdicts.append(Verdict(message.id, ending, settled))
        return tuple(verdicts)

    def close(self) -> None:
        """Stop the threads and the render children."""
        self._threads.shutdown(wait=True)
        self._fleet.close()

    def _read(self, message: Message) -> tuple[str, ...] | BadMessage:
        """Return the keys that a message hints at, or why it cannot be read."""
        try:
            hints = read_hints(message.body)
            for hint in hints:
                self._refuse_other_buckets(hint)
        except BadMessage as failure:
            log.warning("message refused", message_id=message.id, detail=failure.detail)
            return failure
        return tuple(hint.key for hint in hints)

    def _refuse_other_buckets(self, hint: Hint) -> None:
        ours = self._fleet.settings.sources_bucket
        if hint.bucket != ours:
            raise BadMessage(f"Expected bucket {ours}, got {hint.bucket}.", stage="parse")

    def _work(self, keys: Iterable[str], deadline: Deadline) -> Mapping[str, Ending]:
        """Return how each key ended: all at once, each in its thread, none touching another."""
        futures = {key: self._threads.submit(self._isolated, key, deadline) for key in keys}
        wait(futures.values(), timeout=deadline.remaining_seconds())
        return {key: _ending(future) for key, future in futures.items()}

    def _isolated(self, key: str, deadline: Deadline) -> Ending:
        story = Story(key, self._fleet.clock)
        try:
            outcome = reconcile(key, self._fleet, deadline, story)
        except Failure as failure:
            kind = "image rejected" if isinstance(failure, Permanent) else "image put off"
            log.warning(
                kind,
                cause=failure.cause.value,
                stage=failure.stage,
                detail=failure.detail,
                **story.fields(),
            )
            return failure
        except Exception as error:  # nothing that happens to one record may touch another
            log.exception("image failed unexpectedly", **story.fields())
            return Unknown(f"{type(error).__name__}: {error}")
        log.info("image settled", outcome=outcome.value, **story.fields())
        return outcome


@cache
def consumer() -> Consumer:
    """Return this process's consumer; the first call starts the render children."""
    settings = read_settings()
    configure_logging(settings.log_format)
    return Consumer(build_fleet(settings))


class LambdaContext(Protocol):
    """What we use of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda kills the invocation."""
        ...


def handler(event: object, context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Answer a Lambda SQS event with the messages that must be tried again."""
    messages = read_batch(event)
    try:
        deadline = Deadline.after(context.get_remaining_time_in_millis() / 1000, SystemClock())
        verdicts = consumer().consume(messages, deadline, request_id=context.aws_request_id)
        again = [verdict.message_id for verdict in verdicts if not verdict.is_settled]
    except Exception:  # an exception would fail the whole batch without naming a message
        log.exception("batch failed unexpectedly", messages=len(messages))
        again = [message.id for message in messages]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}


def _distinct_keys(readings: Iterable[tuple[str, ...] | BadMessage]) -> tuple[str, ...]:
    """Return each key once, in order: several records for one key are one piece of work."""
    keys = (key for reading in readings if isinstance(reading, tuple) for key in reading)
    return tuple(dict.fromkeys(keys))


def _ending_of(
    reading: tuple[str, ...] | BadMessage, endings: Mapping[str, Ending], buried: set[Failure]
) -> Ending:
    """Return what decides a message's fate, of the endings of all its keys.

    A failure that may pass comes first: while there is one, the message must be kept. Then one
    that no dead letter tells of yet.
    """
    if isinstance(reading, BadMessage):
        return reading
    own = [endings[key] for key in reading] or [Outcome.IGNORED]
    failures = [ending for ending in own if isinstance(ending, Failure)]
    failures.sort(key=lambda failure: (isinstance(failure, Permanent), failure in buried))
    return failures[0] if failures else own[0]


def _ending(future: Future[Ending]) -> Ending:
    if future.done() and not future.cancelled():
        return future.result()
    future.cancel()
    return OutOfTime("The invocation ended before the record.", stage="batch")
