"""The network between a process and AWS: each call takes time and may fail.

One case is not simulated: a process that pauses between its last check of the clock and the call
that follows. Only the storage could refuse a request that is sent after the lease has ended, and
S3 has no fencing.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from botocore.exceptions import ClientError, ResponseStreamingError

from shared.cloud.time_limit import seconds_left
from tests.simulator.call_outcomes import (
    TRAVEL_SECONDS,
    WELL,
    CallOutcome,
    Decision,
    Outcomes,
    error,
    lost_answer,
    lost_connection,
    no_connection,
)
from tests.simulator.scheduler import Process, Scheduler
from tests.simulator.services import TABLE
from tests.simulator.trace import Trace
from tests.support.iam.recorder import RECORDER

Answer = dict[str, Any]  # botocore's shape

WRITES = frozenset(
    {
        "put_object",
        "copy_object",
        "delete_objects",
        "update_item",
        "send_message",
        "create_invalidation",
        "change_message_visibility",
        "change_message_visibility_batch",
        "delete_message_batch",
        "publish",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one process, and the function that executes it."""

    process: Process
    service: str
    operation: str
    arguments: Answer
    carry_out: Callable[..., Answer]

    def __str__(self) -> str:
        return f"{self.operation} {_about(self.arguments)}"


class Network:
    """Executes calls; `watch` is called immediately before and after each effect."""

    def __init__(self, scheduler: Scheduler, outcomes: Outcomes, trace: Trace) -> None:
        self._scheduler = scheduler
        self.outcomes = outcomes
        self.trace = trace
        self.observers: list[Observer] = []
        self.counts: Counter[str] = Counter()
        # How often each object was written, because in S3 the request received last wins.
        self._writes: Counter[str] = Counter()
        self.landing = 0
        # Only calls of these kinds of processes may fail; of all, if there are none.
        self.struck_kinds: frozenset[str] = frozenset()
        # How many calls failed, by the kind of process.
        self.faults: Counter[str] = Counter()

    def carry(self, call: Call) -> Answer:
        """Return the response, raise the error, or kill the process."""
        process = call.process
        process.check()
        RECORDER.note_simulated(call.service, call.operation, call.arguments)
        decision = self._decision(call).within(process.limits)
        slow = (CallOutcome.SLOW_THERE, CallOutcome.SLOW_BACK)
        try:
            left = seconds_left()
        except TimeoutError:
            # As in urllib3, which makes it a ConnectTimeoutError: nothing was sent.
            raise no_connection() from None
        if decision.outcome in slow and decision.seconds > left:
            decision = replace(decision, outcome=CallOutcome.LOST)
        self.counts[decision.outcome] += 1
        if decision.outcome in (
            CallOutcome.WELL,
            CallOutcome.SLOW_THERE,
            CallOutcome.SLOW_BACK,
            CallOutcome.STALLED,
        ):
            return self._deliver(call, decision)
        self.trace.add(process.name, call, decision.outcome)
        if decision.outcome is CallOutcome.DIED_BEFORE:
            process.die()
        if decision.outcome is CallOutcome.REFUSED:
            return self._refuse(call, decision.which)
        if (
            decision.outcome in (CallOutcome.LATE, CallOutcome.DIED_LATE)
            and call.operation in WRITES
        ):
            self._scheduler.after(decision.seconds, self._landing(call))
        else:
            process.sleep(TRAVEL_SECONDS)
            self._try_effect(call)
        if decision.outcome in (CallOutcome.DIED_AFTER, CallOutcome.DIED_LATE):
            process.die()
        trouble, seconds = (
            lost_answer(process.limits)
            if decision.outcome is CallOutcome.LOST
            else lost_connection()
        )
        process.sleep(min(seconds, left))
        raise trouble

    def _decision(self, call: Call) -> Decision:
        kind = call.process.kind
        if self.struck_kinds and kind not in self.struck_kinds:
            return WELL
        decision = self.outcomes.decide(call.service, call.operation)
        self.faults[kind] += decision.outcome is not CallOutcome.WELL
        return decision

    def _deliver(self, call: Call, decision: Decision) -> Answer:
        process, outcome = call.process, decision.outcome
        process.sleep(decision.seconds if outcome is CallOutcome.SLOW_THERE else TRAVEL_SECONDS)
        lasting = (
            0.0 if outcome in (CallOutcome.WELL, CallOutcome.SLOW_THERE) else decision.seconds
        )
        try:
            answer = self._effect(call)
        except ClientError as refused:
            said = refused.response["Error"]["Code"]
            self.trace.add(process.name, call, f"{outcome}: {said}", lasting)
            process.sleep(lasting + TRAVEL_SECONDS)
            raise
        self.trace.add(process.name, call, outcome, lasting)
        process.sleep(lasting + TRAVEL_SECONDS)
        return answer

    def _refuse(self, call: Call, which: int) -> Answer:
        if call.operation == "get_object" and which % 2:
            call.process.sleep(TRAVEL_SECONDS)
            return {**self._effect(call), "Body": _BrokenBody()}
        trouble, seconds = error(call.service, call.operation, which, call.process.limits)
        call.process.sleep(seconds)
        raise trouble

    def _effect(self, call: Call) -> Answer:
        for observer in self.observers:
            observer.before(call)
        try:
            answer = call.carry_out(**call.arguments)
        except ClientError as refused:
            self.counts[f"{call.operation} {refused.response['Error']['Code']}"] += 1
            raise
        if call.service == "s3":
            self._writes.update(written(call))
        for observer in self.observers:
            observer.after(call)
        return answer

    def _try_effect(self, call: Call) -> None:
        try:
            self._effect(call)
        except ClientError as refused:
            self.trace.add(call.process.name, call, refused.response["Error"]["Code"])

    def _landing(self, call: Call) -> Callable[[], None]:
        """Return the effect of a request that S3, SQS or DynamoDB received and executes later.

        Of two writes of one object that overlap, the one that S3 received later wins.
        """
        self.landing += 1
        then = {key: self._writes[key] for key in written(call)}

        def land() -> None:
            self.landing -= 1
            overtaken = any(self._writes[key] != count for key, count in then.items())
            self.trace.add(call.process.name, call, "overtaken" if overtaken else "done now")
            self.counts["overtaken" if overtaken else "landed late"] += 1
            if not overtaken:
                self._try_effect(call)

        return land


class Observer:
    """Is called immediately before and after the effect of every call."""

    def before(self, call: Call) -> None:
        """Handle a call that is about to take effect."""

    def after(self, call: Call) -> None:
        """Handle a call that has taken effect."""


class FakeClient:
    """One boto3 client as one process has it."""

    def __init__(self, process: Process, network: Network, service: str, client: object) -> None:
        self._process = process
        self._network = network
        self._service = service
        self._client = client

    def __getattr__(self, operation: str) -> Callable[..., Answer]:
        return partial(self._call, operation)

    def _call(self, operation: str, **arguments: Any) -> Answer:  # noqa: ANN401 - boto3's
        carry_out = getattr(self._client, operation)
        return self._network.carry(
            Call(self._process, self._service, operation, arguments, carry_out)
        )


class _BrokenBody:
    """A body whose connection breaks while it is read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, *_: int) -> bytes:
        raise ResponseStreamingError(error="injected")

    read1 = read


def ledger_key(call: Call) -> str:
    """Return the key of the ledger's entry that a call writes; empty for every other call."""
    if call.operation != "update_item" or call.arguments["TableName"] != TABLE:
        return ""
    return str(call.arguments["Key"]["key"]["S"])


def written(call: Call) -> list[str]:
    """Return the objects that a call writes."""
    if call.operation in ("put_object", "copy_object"):
        return [call.arguments["Key"]]
    if call.operation == "delete_objects":
        return [each["Key"] for each in call.arguments["Delete"]["Objects"]]
    return []


def _about(arguments: Answer) -> str:
    """Return the arguments that a reader of the trace needs."""
    if "UpdateExpression" in arguments:
        values = arguments["ExpressionAttributeValues"].values()
        words = [value["S"] for value in values if len(value.get("S", "")) in range(1, 12)]
        condition = arguments.get("ConditionExpression", "")
        kind = "claim" if "not_exists" in condition else "end"
        return " ".join((*_keys(arguments["Key"]), kind, *words))
    if "Delete" in arguments:
        return " ".join(each["Key"] for each in arguments["Delete"]["Objects"])
    for name in ("Key", "QueueName", "ReceiptHandle", "MessageBody"):
        if name in arguments:
            value = arguments[name]
            return "".join(_keys(value)) if isinstance(value, dict) else str(value)[:60]
    return ""


def _keys(key: Answer) -> list[str]:
    return [value["S"] for value in key.values()]
