"""Delivers S3's events to the queue: late, twice, in another order, or not at all."""

from tests.simulator.notifications import (
    Change,
    notification,
    through_eventbridge,
    through_sns,
)
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import SOURCES, Services
from tests.simulator.tape import Tape
from tests.simulator.trace import Trace

USUAL_SECONDS = 0.5
DELAY_SECONDS = (0.1, 2.0, 20.0, 70.0, 900.0)


class Deliveries:
    """Event delivery by S3; `lost` are the keys of changes for which no event was sent."""

    def __init__(self, scheduler: Scheduler, tape: Tape, trace: Trace) -> None:
        self._scheduler = scheduler
        self._tape = tape
        self._trace = trace
        self.pending = 0
        self.lost: set[str] = set()
        self.duplicates = 0
        self.services: Services | None = None

    def note(self, change: Change) -> None:
        """Schedule the events of a change of the sources, at some later time."""
        if change.bucket != SOURCES:
            return
        tape = self._tape
        if tape.chance(6):
            self._trace.add("S3", f"{change.event} {change.key}", "event lost")
            self.lost.add(change.key)
            return
        self._deliver_later(change)
        if tape.chance(20):
            self.duplicates += 1
            self._deliver_later(change)

    def _deliver_later(self, change: Change) -> None:
        tape = self._tape
        seconds = tape.pick(DELAY_SECONDS) if tape.chance(60) else USUAL_SECONDS
        body = tape.pick((_plain, _plain, _by_sns, _by_eventbridge))(change)

        def deliver() -> None:
            self.pending -= 1
            self._trace.add("S3", f"{change.event} {change.key}", "event delivered")
            if self.services:
                self.services.send(body)

        self.pending += 1
        self._scheduler.after(seconds, deliver)


def _plain(change: Change) -> str:
    return notification(change)


def _by_sns(change: Change) -> str:
    return through_sns(notification(change), change.at)


def _by_eventbridge(change: Change) -> str:
    return through_eventbridge(change)
