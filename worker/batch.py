"""The batch consumer: takes up to ten messages, returns the ids of those to be tried again.

Lambda treats an exception or an unknown id as a failure of the whole batch, and an empty answer
as a success of the whole batch. So the answer is built from the ids that came in, `answer` never
raises, and it never returns None.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.cloud.message_batches import BATCH_SIZE
from shared.deadline import Deadline
from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.events.parsing import ascii_excerpt
from shared.events.sqs import Message, read_batch
from shared.model.errors import BadMessage, Failure
from shared.model.keys import MAX_KEY_BYTES
from shared.model.outcome import Outcome
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from worker.context import WorkerContext, build_context
from worker.forward import Forward
from worker.lease import longest_batch_seconds
from worker.record_log import failure_fields
from worker.result import RecordOutcome
from worker.schedule import process_all
from worker.triage import Triage
from worker.work import Reading, works_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RecordResult:
    """The outcome of one message; `is_acknowledged` says that its queue may delete it."""

    message_id: str
    outcome: RecordOutcome
    is_acknowledged: bool


def _threads(name: str) -> Executor:
    return ThreadPoolExecutor(BATCH_SIZE, thread_name_prefix=name)


class Consumer:
    """Processes one batch at a time; the render children outlive the batches."""

    def __init__(self, context: WorkerContext, pool: Callable[[str], Executor] = _threads) -> None:
        self._context = context
        self._threads = pool("record")
        self._triage_threads = pool("triage")

    @property
    def clock(self) -> Clock:
        """Return the clock of this consumer."""
        return self._context.clock

    def consume(
        self, messages: Sequence[Message], deadline: Deadline, *, request_id: str = ""
    ) -> tuple[RecordResult, ...]:
        """Return one result for each message, in the same order."""
        policy = self._context.policy
        readings = [self._read(message) for message in messages]
        longest_seconds = longest_batch_seconds(self._context.settings, policy)
        deadline = deadline.within(longest_seconds)
        context = self._context.within(deadline.earlier(policy.triage_seconds))
        outcomes = process_all(works_of(messages, readings, request_id), context, self._threads)
        return self._results(messages, readings, outcomes, self._triage(request_id, deadline))

    def close(self) -> None:
        """Stop the threads and the render children."""
        self._threads.shutdown(wait=True)
        self._triage_threads.shutdown(wait=True)
        self._context.close()

    def _triage(self, request_id: str, until: Deadline) -> Triage:
        settings = self._context.settings
        return Triage(
            self._context.queues,
            settings.dead_letter_queue,
            settings.max_receives,
            self._context.policy.back_off,
            self._context.chance,
            until,
            request_id,
            settings.sources_bucket,
        )

    def _read(self, message: Message) -> Reading:
        """Return the hints of a message, or why it cannot be read."""
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
        if not hints:  # such as the event with which S3 tests a new notification
            log.info("message named no key", message_id=message.id, lane=message.lane)
        return hints

    def _refuse_foreign(self, hint: Hint) -> None:
        ours, size = self._context.settings.sources_bucket, len(hint.key.encode())
        if hint.bucket != ours:
            raise BadMessage(
                f"Expected bucket {ours}, got {ascii_excerpt(hint.bucket)}.", stage="parse"
            )
        if size > MAX_KEY_BYTES:
            raise BadMessage(
                f"Expected a key of at most {MAX_KEY_BYTES} bytes, got {size}.", stage="parse"
            )

    def _results(
        self,
        messages: Sequence[Message],
        readings: Sequence[Reading],
        outcomes: Mapping[str, RecordOutcome],
        triage: Triage,
    ) -> tuple[RecordResult, ...]:
        """Dead-letter or delay every failed message; one not done in time stays in its queue."""
        triaged: list[tuple[Message, RecordOutcome, Sequence[Future[bool]]]] = []
        # Messages about one key share one failure, and one dead letter says as much as ten.
        dead_letters: dict[Failure, Future[bool]] = {}
        for message, reading in zip(messages, readings, strict=True):
            outcome = _outcome_of(reading, outcomes, dead_letters)
            handlings = []
            if isinstance(outcome, Failure):
                key = next((key for key, each in outcomes.items() if each is outcome), "")
                handling = dead_letters.get(outcome) or self._triage_threads.submit(
                    triage.handle, message, outcome, key
                )
                if outcome.is_permanent:
                    dead_letters[outcome] = handling
                handlings.append(handling)
            # A message that is kept for another key comes again with this one.
            if not isinstance(outcome, Failure) or triage.is_final(message, outcome):
                handlings += self._forwarded(message, reading, outcomes, triage)
            triaged.append((message, outcome, handlings))
        handlings = [each for _, _, of_message in triaged for each in of_message]
        policy = self._context.policy
        wait(handlings, timeout=policy.triage_seconds - policy.answer_seconds)
        for handling in handlings:
            handling.cancel()  # begun later, it would send a second dead letter
        return tuple(
            RecordResult(message.id, outcome, all(map(_is_true, of_message)))
            for message, outcome, of_message in triaged
        )

    def _forwarded(
        self,
        message: Message,
        reading: Reading,
        outcomes: Mapping[str, RecordOutcome],
        triage: Triage,
    ) -> list[Future[bool]]:
        """Begin to send each key of a message that a larger lane gets."""
        keys = dict.fromkeys(hint.key for hint in reading) if isinstance(reading, tuple) else {}
        forwards = (outcomes[key] for key in keys)
        return [
            self._triage_threads.submit(triage.forward, message, each, is_only_key=len(keys) == 1)
            for each in forwards
            if isinstance(each, Forward)
        ]


@cache
def consumer() -> Consumer:
    """Return this process's consumer; the first call starts the render children."""
    settings = read_settings()
    configure_logging(settings.log_format, fleet=settings.fleet)
    return Consumer(build_context(settings))


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
    """Return the answer to Lambda, even if `consumer` raises."""
    messages = read_batch(event)
    try:
        ready = consumer()
        left_seconds = context.get_remaining_time_in_millis() / 1000
        deadline = Deadline.after(left_seconds, ready.clock)
        results = ready.consume(messages, deadline, request_id=context.aws_request_id)
        kept = {result.message_id for result in results if not result.is_acknowledged}
        acknowledged = {result.message_id for result in results} - kept
        # The ids are those of the event: a message without a result must not be deleted, and an
        # id that Lambda does not know would fail the whole batch.
        again = [message.id for message in messages if message.id not in acknowledged]
    except Exception:  # an exception would fail the whole batch without naming a message
        log.exception("batch failed unexpectedly", messages=len(messages))
        again = [message.id for message in messages]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}


def _outcome_of(
    reading: Reading, outcomes: Mapping[str, RecordOutcome], dead_letters: Container[Failure]
) -> RecordOutcome:
    """Return the outcome that decides about a message, of the outcomes of all its keys.

    A transient failure comes first: while there is one, the message must be kept. Then comes a
    permanent failure that has no dead letter yet, then a key that a larger lane gets.
    """
    if isinstance(reading, BadMessage):
        return reading
    own = [outcomes[hint.key] for hint in reading] or [Outcome.IGNORED]
    failures = [outcome for outcome in own if isinstance(outcome, Failure)]
    failures.sort(key=lambda failure: (failure.is_permanent, failure in dead_letters))
    forwards = [outcome for outcome in own if isinstance(outcome, Forward)]
    return (*failures, *forwards, *own)[0]


def _is_true(future: Future[bool]) -> bool:
    return future.done() and not future.cancelled() and future.result()
