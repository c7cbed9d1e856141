"""Long polls in virtual time: polls that would find nothing are skipped."""

from threading import Event
from typing import Any

from tests.simulator.calls import FakeClient, Network
from tests.simulator.scheduler import Process
from tests.simulator.services import LIVE, Services

LONGEST_POLL_SECONDS = 3600.0


class LongPoll(FakeClient):
    """SQS for a runner: a poll that finds nothing takes its whole wait time."""

    def __init__(self, process: Process, network: Network, services: Services) -> None:
        super().__init__(process, network, "sqs", services.queues)
        self._runner = process
        self.is_busy = False

    def receive_message(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        """Return the visible messages, or none after the wait time."""
        self.is_busy = True
        answer = self._call("receive_message", **arguments)
        if not answer:
            self._runner.sleep(arguments["WaitTimeSeconds"])
        return answer


def seconds_to_message(services: Services, queue: str = LIVE) -> float:
    """Return in how many seconds a queue will have a message to receive, as known now."""
    at = services.queues.next_visible_at(queue)
    if at is None:
        return LONGEST_POLL_SECONDS
    return max(0.0, min(at - services.scheduler.time, LONGEST_POLL_SECONDS))


class Stopping(Event):
    """A runner's stop event, in virtual time; polls that would find nothing are left out."""

    def __init__(self, process: Process, poll: LongPoll, services: Services) -> None:
        super().__init__()
        self._process = process
        self._poll = poll
        self._services = services

    def is_set(self) -> bool:
        """Say whether to stop, once there is reason to or something to receive."""
        self._poll.is_busy = False
        self._process.check()
        if not super().is_set() and (seconds := seconds_to_message(self._services)):
            self._services.signals[LIVE].wait(seconds)
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Let other tasks run."""
        self._process.sleep(timeout or 0.0)
        return super().is_set()
