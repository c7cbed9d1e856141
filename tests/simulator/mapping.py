"""Lambda's event source mapping: batches in, results out, and how it takes an invalid answer.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.simulator.functions import Environment, Function
from tests.simulator.polls import seconds_to_message
from tests.simulator.queue_requests import MAX_BATCH
from tests.simulator.queues import ARN
from tests.simulator.scheduler import Died
from tests.simulator.services import LARGE, LIVE, Services
from tests.simulator.tape import Tape
from tests.simulator.trace import Trace

Raw = Mapping[str, Any]  # boto3's shape of a message


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue, and how its messages are batched: by sizes that the tape chooses among."""

    queue: str
    batch_sizes: Sequence[int]
    window_seconds: float = 0.0


# How long a poller waits while the queue has as many messages in flight as SQS allows.
OVER_LIMIT_SECONDS = 1.0
LIVE_LANE = Lane(LIVE, (10, 1, 2, 1))
# As Terraform has it: each giant has an invocation of its own.
LARGE_LANE = Lane(LARGE, (1,))


class BadAnswer(Exception):
    """An answer that makes the whole batch a failure."""


class EventSourceMapping:
    """Pollers that invoke the function; the pollers themselves never fail."""

    def __init__(
        self,
        services: Services,
        function: Function,
        tape: Tape,
        trace: Trace,
        lane: Lane = LIVE_LANE,
    ) -> None:
        self._services = services
        self._function = function
        self._tape = tape
        self._trace = trace
        self._lane = lane
        self._invocations = 0
        self.running = 0
        self.counts: Counter[str] = Counter()

    @property
    def crashes(self) -> int:
        """Return how many environments were killed."""
        return self._function.crashes

    def poll(self) -> None:
        """Receive messages and invoke the function in an endless loop."""
        while True:
            batch = self._receive()
            if not batch:
                seconds = seconds_to_message(self._services, self._lane.queue)
                self._services.signals[self._lane.queue].wait(seconds)
            elif self._tape.chance(3):
                # Received, but no function was invoked: each message has used up a receive.
                self.counts["throttled"] += 1
                self._trace.add("Lambda", f"batch of {len(batch)}", "throttled")
            else:
                self.running += 1
                self._invoke(batch)
                self.running -= 1

    def _receive(self) -> Sequence[Raw]:
        """Return a batch; messages that come while its window is open are a part of it."""
        if not self._has_message():
            return []
        size = self._tape.pick(self._lane.batch_sizes)
        batch = self._receive_some(size)
        if self._lane.window_seconds:
            self.running += 1
            self._services.scheduler.sleep(self._lane.window_seconds)
            self.running -= 1
            while len(batch) < size and (more := self._receive_some(size - len(batch))):
                batch.extend(more)
        return batch

    def _has_message(self) -> bool:
        at = self._services.queues.next_visible_at(self._lane.queue)
        return at is not None and at <= self._services.scheduler.time

    def _receive_some(self, size: int) -> list[Raw]:
        try:
            answer = self._services.queues.receive_message(
                QueueUrl=self._lane.queue,
                MaxNumberOfMessages=min(size, MAX_BATCH),
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "OverLimit":
                raise
            self.counts["over limit"] += 1
            self._services.scheduler.sleep(OVER_LIMIT_SECONDS)
            return []
        messages: list[Raw] = answer.get("Messages", [])
        return messages

    def _invoke(self, batch: Sequence[Raw]) -> None:
        environment = self._function.environment()
        try:
            answer = self._answer(environment, batch)
            failed = failed_ids(answer, {raw["MessageId"] for raw in batch})
        except Died:
            self._function.crashes += 1
            self._trace.add(environment.process.name, "invocation", "crashed or timed out")
            return
        except BadAnswer as bad:
            self.counts["bad answers"] += 1
            self._trace.add(environment.process.name, "invocation", bad)
            return
        self._function.give_back(environment)
        self._forget([raw for raw in batch if raw["MessageId"] not in failed])

    def _answer(self, environment: Environment, batch: Sequence[Raw]) -> object:
        self._invocations += 1
        received = " ".join(_described(raw) for raw in batch)
        self._trace.add(environment.process.name, f"invocation with {received}")
        event = {"Records": [_record(raw, self._lane.queue) for raw in batch]}
        return environment.invoke(event, f"request-{self._invocations}")

    def _forget(self, done: Sequence[Raw]) -> None:
        if done and self._tape.chance(3):
            # Lambda's own delete came too late or not at all.
            self.counts["delivered again"] += 1
            done = done[1:]
        if done:
            entries = [
                {"Id": str(at), "ReceiptHandle": raw["ReceiptHandle"]}
                for at, raw in enumerate(done)
            ]
            for start in range(0, len(entries), MAX_BATCH):
                self._services.queues.delete_message_batch(
                    QueueUrl=self._lane.queue, Entries=entries[start : start + MAX_BATCH]
                )


def failed_ids(answer: object, sent: set[str]) -> set[str]:
    """Return the ids of the messages to redeliver; raise `BadAnswer` if that is all of them."""
    if answer is None or answer == "":
        return set()
    if not isinstance(answer, Mapping):
        raise BadAnswer(f"Expected an object, got {answer!r}.")
    reported = answer.get("batchItemFailures")
    if reported is None and not answer:
        return set()
    if reported is None and "batchItemFailures" in answer:
        return set()
    if not isinstance(reported, list):
        raise BadAnswer(f"Expected batchItemFailures, got {answer!r}.")
    failed = set()
    for each in reported:
        name = each.get("itemIdentifier") if isinstance(each, Mapping) else None
        if name not in sent:
            raise BadAnswer(f"Expected an id of the batch, got {name!r}.")
        failed.add(str(name))
    return failed


def _record(raw: Raw, queue: str) -> dict[str, Any]:
    """Return a message as Lambda's event has it."""
    attributes = {
        name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
        for name, value in raw.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": raw["MessageId"],
        "receiptHandle": raw["ReceiptHandle"],
        "body": raw["Body"],
        "attributes": raw["Attributes"],
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN + queue,
        "awsRegion": "us-east-1",
    }


def _described(raw: Raw) -> str:
    return f"{raw['MessageId']}({raw['Attributes']['ApproximateReceiveCount']})"
