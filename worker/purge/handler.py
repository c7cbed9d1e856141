"""The Lambda function behind the purge queue: messages in, those that must come back out."""

from collections.abc import Callable
from functools import cache
from typing import Protocol

import structlog

from shared.clock import SystemClock
from shared.cloud.calls import Calls
from shared.cloud.clients import build_purge_clients
from shared.cloud.invalidations import Invalidations
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving
from shared.deadline import Deadline
from shared.events.sqs import read_batch
from shared.telemetry.logging import configure_logging
from worker.purge.policy import POLICY
from worker.purge.purger import Purger
from worker.purge.settings import PurgeSettings, read_purge_settings

log = structlog.get_logger()


class LambdaContext(Protocol):
    """What we use of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda kills the invocation."""
        ...


def build_purger(settings: PurgeSettings) -> Purger:
    """Return the purger that the settings describe."""
    clock = SystemClock()
    clients = build_purge_clients(POLICY.calls)
    calls = Calls(POLICY.calls, Deadline.never(clock))
    return Purger(
        settings=settings,
        clock=clock,
        invalidations=Invalidations(clients.cloudfront, calls, settings.distribution_id),
        serving=Serving(clients.dynamodb, calls, settings.serving_table, clock),
        queues=Queues(clients.sqs, calls),
    )


@cache
def purger() -> Purger:
    """Return this process's purger."""
    settings = read_purge_settings()
    configure_logging(settings.log_format, fleet=settings.fleet)
    return build_purger(settings)


def handler(event: object, context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Answer a Lambda SQS event with the messages that must come back."""
    return answer(event, context, purger)


def answer(
    event: object, context: LambdaContext, purger: Callable[[], Purger]
) -> dict[str, list[dict[str, str]]]:
    """Return the answer to Lambda, even if `purger` raises."""
    messages = read_batch(event)
    try:
        ready = purger()
        left_seconds = context.get_remaining_time_in_millis() / 1000
        again = ready.purge(messages, Deadline.after(left_seconds, ready.clock))
    except Exception:  # an exception would fail the whole batch without naming a message
        log.exception("purge failed unexpectedly", messages=len(messages))
        again = messages
    return {"batchItemFailures": [{"itemIdentifier": each.id} for each in again]}
