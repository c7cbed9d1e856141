"""Fakes of the clock, of queues and of AWS errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from shared.clock import Clock
from shared.cloud.calls import CallLimits, Calls
from shared.cloud.queues import Queues
from shared.deadline import Deadline
from shared.model.errors import PixfleetError
from worker.policy import CALL_LIMITS


@dataclass
class FakeClock:
    """A clock that a test advances."""

    at: float = 1_000_000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        """Advance the clock instead of waiting."""
        self.at += seconds


AMPLE = Deadline.after(1e9, FakeClock())


def unbounded_calls(clock: Clock | None = None, limits: CallLimits = CALL_LIMITS) -> Calls:
    """Return calls that no deadline bounds and that are retried without waiting.

    A fake clock is advanced by what the retries would wait.
    """
    clock = clock or FakeClock()
    sleep = clock.sleep if isinstance(clock, FakeClock) else lambda _seconds: None
    return Calls(limits, Deadline.never(clock), sleep=sleep)


ONE_ATTEMPT = unbounded_calls(limits=replace(CALL_LIMITS, attempts=1))


@dataclass(frozen=True)
class Sent:
    """One message that was sent."""

    queue: str
    body: str
    attributes: Mapping[str, str]
    delay_seconds: int = 0


@dataclass
class FakeQueues(Queues):
    """Queues that record their calls; `trouble` is raised instead if it is set."""

    deliveries: list[Sequence[Mapping[str, Any]] | PixfleetError] = field(default_factory=list)
    trouble: Exception | None = None
    refuses: int = 0
    sent: list[Sent] = field(default_factory=list)
    delays: list[tuple[str, str, int]] = field(default_factory=list)
    hidden_for: list[int] = field(default_factory=list)
    acknowledged: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    on_receive: Callable[[], None] = lambda: None
    on_empty: Callable[[], None] = lambda: None

    def receive(
        self, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:
        self.hidden_for.append(hide_seconds)
        self.on_receive()
        if not self.deliveries:
            self.on_empty()
            return []
        delivery = self.deliveries.pop(0)
        if isinstance(delivery, PixfleetError):
            raise delivery
        return delivery

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> int:
        self._raise_trouble()
        self.acknowledged.append((queue, tuple(receipts)))
        return self.refuses

    def delay(self, queue: str, receipt: str, *, seconds: int) -> None:
        self._raise_trouble()
        self.delays.append((queue, receipt, seconds))

    def send(self, queue: str, body: str, attributes: Mapping[str, str]) -> None:
        self._raise_trouble()
        self.sent.append(Sent(queue, body, attributes))

    def send_delayed(
        self,
        queue: str,
        body: str,
        attributes: Mapping[str, str] | None = None,
        *,
        delay_seconds: int,
    ) -> str:
        self._raise_trouble()
        self.sent.append(Sent(queue, body, attributes or {}, delay_seconds))
        return f"message-{len(self.sent)}"

    def _raise_trouble(self) -> None:
        if self.trouble:
            raise self.trouble


def client_error(
    code: str, status: int = 400, *, message: str = "said AWS", **extra: object
) -> ClientError:
    """Return an error as botocore raises it for an answer of AWS."""
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(response, "SomeCall")  # type: ignore[arg-type] # the stubs want every field
