"""The batch consumer on a long poll, for a laptop or a container: `python -m worker.runner`.

It gives the same guarantees as on Lambda. With `PIXFLEET_ON_DEMAND_PORT` it also answers requests
for objects that the variants bucket does not have. On SIGTERM or SIGINT it finishes the messages
and requests that it has received, receives no more, and exits with 0.
"""

import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from threading import Event
from types import FrameType
from typing import Any

import structlog

from shared.deadline import Deadline
from shared.events import backfill
from shared.events.sqs import from_receive
from shared.model.errors import PixfleetError
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from worker.batch import Consumer
from worker.context import WorkerContext, build_context
from worker.policy import POLICY, WorkerPolicy
from worker.renderer.server import RendererServer, build_server

log = structlog.get_logger()


class Runner:
    """Receives, consumes and acknowledges messages until the stop event is set."""

    def __init__(self, context: WorkerContext, consumer: Consumer, stopping: Event) -> None:
        self._context = context
        self._consumer = consumer
        self._stopping = stopping

    def run(self) -> None:
        """Run until the stop event is set."""
        while not self._stopping.is_set():
            try:
                # Counted from before the receive: the messages are hidden from other workers
                # since then, and the process may have been paused before it got the answer.
                deadline = Deadline.after(self._longest_seconds, self._context.clock)
                raw = self._receive()
                if raw:
                    self._handle(raw, deadline)
            except PixfleetError as trouble:
                log.warning("queue unavailable", trouble=str(trouble))
                self._stopping.wait(self._context.policy.receive_pause_seconds)

    def _receive(self) -> Sequence[Mapping[str, Any]]:  # boto3's shape of a message
        settings = self._context.settings
        return self._context.queues.receive(
            settings.queue,
            wait_seconds=settings.poll_seconds,
            hide_seconds=self._longest_seconds + self._context.policy.hide_margin_seconds,
        )

    @property
    def _longest_seconds(self) -> int:
        """Return how long a poll and a batch may take together."""
        settings = self._context.settings
        return settings.poll_seconds + settings.batch_seconds

    def _handle(self, raw: Sequence[Mapping[str, Any]], deadline: Deadline) -> None:
        settings = self._context.settings
        messages = [from_receive(each, settings.queue) for each in raw]
        deadline = deadline.within(settings.batch_seconds)
        results = self._consumer.consume(messages, deadline)
        done = [
            message.receipt_handle
            for message, result in zip(messages, results, strict=True)
            if result.is_acknowledged
        ]
        if done and (refused := self._context.queues.acknowledge(settings.queue, done)):
            log.warning("acknowledgements refused", messages=refused)


def _build_renderer(context: WorkerContext) -> RendererServer | None:
    if not context.settings.on_demand_port:
        return None
    return build_server(context.settings, partial(_look_again, context))


def _look_again(context: WorkerContext, key: str) -> None:
    """Send a key to the queue that this runner polls."""
    message = backfill.write(context.settings.sources_bucket, [key])
    context.queues.send(context.settings.queue, message, {})


def main(policy: WorkerPolicy = POLICY) -> int:
    """Run until SIGTERM or SIGINT; return 2 if environment or recipes cannot be used."""
    stopping = Event()

    def stop(_signal_number: int, _frame: FrameType | None) -> None:
        # No log line here: the interrupted code may hold the logger's lock.
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        settings = read_settings(needs_queue=True)
        configure_logging(settings.log_format, fleet=settings.fleet)
        context = build_context(settings, policy)
        renderer = _build_renderer(context)
    except PixfleetError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the person who started it reads this
        return 2
    consumer = Consumer(context)
    log.info("runner started", queue=settings.queue, children=settings.render_children)
    if renderer:
        renderer.open()
    try:
        Runner(context, consumer, stopping).run()
    finally:
        if renderer:
            renderer.close()
        consumer.close()
    log.info("runner stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
