"""The batch consumer: up to ten messages in, the ids of those to be tried again out.

Answers from the ids that came in, never raises and never answers none: to Lambda, an exception or
an unknown id means that the whole batch failed, and an empty answer that it all succeeded.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.cloud.queues import BATCH_SIZE
from shared.deadline import Deadline
from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.events.reading import shown
from shared.events.sqs import Message, read_batch
from shared.model.errors import BadMessage, Failure
from shared.model.keys import MAX_KEY_BYTES
from shared.model.outcome import Outcome
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from worker.context import Fleet, build_fleet
from worker.reconcile import CLOCK_SKEW_SECONDS
from worker.record import Ending
from worker.record_log import failure_fields
from worker.schedule import work_on
from worker.triage import Triage
from worker.work import Reading, works_of

# Kept back from the invocation's time to settle messages and to answer.
SETTLING_SECONDS = 5.0
ANSWERING_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one message; `is_settled` says that the queue may forget it."""

    message_id: str
    ending: Ending
    is_settled: bool


def _threads(name: str) -> Executor:
    return ThreadPoolExecutor(BATCH_SIZE, thread_name_prefix=name)


class Consumer:
    """Works on one batch at a time; the render children live on between batches."""

    def __init__(self, fleet: Fleet, pool: Callable[[str], Executor] = _threads) -> None:
        self._fleet = fleet
        self._threads = pool("record")
        self._settlers = pool("settle")

    @property
    def clock(self) -> Clock:
        """Return what tells this consumer the time."""
        return self._fleet.clock

    def consume(
        self, messages: Sequence[Message], deadline: Deadline, *, request_id: str = ""
    ) -> tuple[Verdict, ...]:
        """Return one verdict a message, in their order."""
        settings = self._fleet.settings
        triage = Triage(
            self._fleet.queues, settings.dead_letter_queue, settings.max_receives, request_id
        )
        readings = [self._read(message) for message in messages]
        longest = settings.lease_seconds - CLOCK_SKEW_SECONDS
        deadline = deadline.within(longest).earlier(SETTLING_SECONDS)
        works = works_of(messages, readings, request_id)
        endings = work_on(works, self._fleet, self._threads, deadline)
        return self._settle(messages, readings, endings, triage)

    def close(self) -> None:
        """Stop the threads and the render children."""
        self._threads.shutdown(wait=True)
        self._settlers.shutdown(wait=True)
        self._fleet.close()

    def _read(self, message: Message) -> Reading:
        """Return what a message hints at, or why it cannot be read."""
        try:
            hints = read_hints(message.body)
            for hint in hints:
                self._refuse_foreign(hint)
        except BadMessage as failure:
            log.warning(
                "message refused",
                message_id=message.id,
                lane=message.lane,
                **failure_fields(failure),
            )
            return failure
        if not hints:  # such as the event with which S3 tries a new notification out
            log.info("message named no key", message_id=message.id, lane=message.lane)
        return hints

    def _refuse_foreign(self, hint: Hint) -> None:
        ours, size = self._fleet.settings.sources_bucket, len(hint.key.encode())
        if hint.bucket != ours:
            raise BadMessage(f"Expected bucket {ours}, got {shown(hint.bucket)}.", stage="parse")
        if size > MAX_KEY_BYTES:
            raise BadMessage(
                f"Expected a key of at most {MAX_KEY_BYTES} bytes, got {size}.", stage="parse"
            )

    def _settle(
        self,
        messages: Sequence[Message],
        readings: Sequence[Reading],
        endings: Mapping[str, Ending],
        triage: Triage,
    ) -> tuple[Verdict, ...]:
        """Deal with all failures at once; what is not settled in time stays with its queue."""
        fates: list[tuple[Message, Ending, Future[bool] | None]] = []
        # Records of one key share one failure, and one dead letter tells as much as ten.
        buried: dict[Failure, Future[bool]] = {}
        for message, reading in zip(messages, readings, strict=True):
            ending = _ending_of(reading, endings, buried)
            settling = None
            if isinstance(ending, Failure):
                key = next((key for key, each in endings.items() if each is ending), "")
                settling = buried.get(ending) or self._settlers.submit(
                    triage.settle, message, ending, key
                )
                if ending.is_permanent:
                    buried[ending] = settling
            fates.append((message, ending, settling))
        settlings = [settling for _, _, settling in fates if settling]
        wait(settlings, timeout=SETTLING_SECONDS - ANSWERING_SECONDS)
        for settling in settlings:
            settling.cancel()  # what has not begun by now would be a second letter later
        return tuple(
            Verdict(message.id, ending, settling is None or _is_true(settling))
            for message, ending, settling in fates
        )


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
    return answer(event, context, consumer)


def answer(
    event: object, context: LambdaContext, consumer: Callable[[], Consumer]
) -> dict[str, list[dict[str, str]]]:
    """Answer for a consumer that may not even come to be."""
    messages = read_batch(event)
    try:
        ready = consumer()
        left_seconds = context.get_remaining_time_in_millis() / 1000
        deadline = Deadline.after(left_seconds, ready.clock)
        verdicts = ready.consume(messages, deadline, request_id=context.aws_request_id)
        kept = {verdict.message_id for verdict in verdicts if not verdict.is_settled}
        settled = {verdict.message_id for verdict in verdicts} - kept
        # From the ids of the event, whatever the verdicts say: a message that none is about is
        # not forgotten, and an id that Lambda does not know would fail the whole batch.
        again = [message.id for message in messages if message.id not in settled]
    except Exception:  # an exception would fail the whole batch without naming a message
        log.exception("batch failed unexpectedly", messages=len(messages))
        again = [message.id for message in messages]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}


def _ending_of(
    reading: Reading, endings: Mapping[str, Ending], buried: Container[Failure]
) -> Ending:
    """Return what decides a message's fate, of the endings of all its keys.

    A failure that may pass comes first: while there is one, the message must be kept. Then one
    that no dead letter tells of yet.
    """
    if isinstance(reading, BadMessage):
        return reading
    own = [endings[hint.key] for hint in reading] or [Outcome.IGNORED]
    failures = [ending for ending in own if isinstance(ending, Failure)]
    failures.sort(key=lambda failure: (failure.is_permanent, failure in buried))
    return failures[0] if failures else own[0]


def _is_true(future: Future[bool]) -> bool:
    return future.done() and not future.cancelled() and future.result()
