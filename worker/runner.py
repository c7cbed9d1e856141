"""The batch consumer on a long poll, for a laptop or a container: `python -m worker.runner`.

The same code and the same promises as on Lambda. SIGTERM and SIGINT drain: what has been received
is finished, nothing more is asked for, and the process exits with 0.
"""

import signal
import sys
from collections.abc import Mapping, Sequence
from threading import Event
from types import FrameType
from typing import Any

import structlog

from shared.cloud.clients import CALL_SECONDS
from shared.deadline import Deadline
from shared.events.sqs import from_receive
from shared.model.errors import PixfleetError
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from worker.batch import Consumer
from worker.context import WorkerContext, build_context

# After a batch's time the queue is still to hear of it, in one call.
HIDE_MARGIN_SECONDS = round(CALL_SECONDS)
PAUSE_SECONDS = 5.0

log = structlog.get_logger()


class Runner:
    """Receives, consumes and acknowledges until it is told to stop."""

    def __init__(self, context: WorkerContext, consumer: Consumer, stopping: Event) -> None:
        self._context = context
        self._consumer = consumer
        self._stopping = stopping

    def run(self) -> None:
        """Work until the stop event is set."""
        while not self._stopping.is_set():
            try:
                # Counted from before the receive: its answer may have come to a process that
                # stood still, and what is hidden from others is hidden since then.
                deadline = Deadline.after(self._longest_seconds, self._context.clock)
                raw = self._receive()
                if raw:
                    self._handle(raw, deadline)
            except PixfleetError as trouble:
                log.warning("queue out of reach", trouble=str(trouble))
                self._stopping.wait(PAUSE_SECONDS)

    def _receive(self) -> Sequence[Mapping[str, Any]]:  # boto3's shape of a message
        settings = self._context.settings
        return self._context.queues.receive(
            settings.queue,
            wait_seconds=settings.poll_seconds,
            hide_seconds=self._longest_seconds + HIDE_MARGIN_SECONDS,
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


def main() -> int:
    """Run until SIGTERM or SIGINT; 2 if the environment or the recipes cannot be used."""
    stopping = Event()

    def stop(_signal_number: int, _frame: FrameType | None) -> None:
        # No log line from here: the logger's lock may be held by the very line we interrupted.
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        settings = read_settings(needs_queue=True)
        configure_logging(settings.log_format)
        context = build_context(settings)
    except PixfleetError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the person who started it reads this
        return 2
    consumer = Consumer(context)
    log.info("runner started", queue=settings.queue, children=settings.render_children)
    try:
        Runner(context, consumer, stopping).run()
    finally:
        consumer.close()
    log.info("runner stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
