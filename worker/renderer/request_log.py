"""The one log line of a request: what was asked for, the answer, and where the time went."""

from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from shared.clock import Clock
from shared.model.errors import Failure
from worker.renderer.request import Asked
from worker.renderer.response import CAUSE, NOT_FOUND, Response

log = structlog.get_logger()


class Answered(StrEnum):
    """How a request was answered."""

    FOUND = "found"  # the object was stored
    COPIED = "copied"
    RENDERED = "rendered"
    MISSING = "missing"
    REJECTED = "rejected"  # or a render that will fail again
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"  # no object has such a path


@dataclass(slots=True)
class RequestLog:
    """Collects what is known of one request; nothing is decided by it.

    Each timing is the time since the one before, in seconds.
    """

    clock: Clock
    request_id: str = ""
    asked: Asked | None = None
    answered: Answered = Answered.UNAVAILABLE
    failure: Failure | None = None
    is_stored: bool = False
    not_stored: str = ""
    is_blind: bool = False
    renders: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    _began_at: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_at = self._last = self.clock.now()

    def add_timing(self, name: str) -> None:
        """Add the time of the part of the work that ends now."""
        now = self.clock.now()
        self.timings[name] = self.timings.get(name, 0.0) + now - self._last
        self._last = now

    def server_timing(self) -> str:
        """Return the timings in milliseconds, as browsers show them.

        https://www.w3.org/TR/server-timing/
        """
        return ", ".join(
            f"{name};dur={seconds * 1000:.0f}" for name, seconds in self.timings.items()
        )

    def log_response(self, response: Response) -> None:
        """Write the line; its numbers are metrics too: see docs/metrics.md."""
        is_trouble = self.answered is Answered.UNAVAILABLE or self.is_blind
        write = log.warning if is_trouble else log.info
        write("request answered", **self._fields(response))

    def _fields(self, response: Response) -> dict[str, object]:
        fields: dict[str, object] = {
            **self._identity(),
            "status": response.status,
            "answered": self.answered.value,
            "answers": 1,
            "answer_bytes": len(response.body),
            "answer_seconds": round(self.clock.now() - self._began_at, 3),
            **{f"{name}_seconds": round(value, 3) for name, value in self.timings.items()},
        }
        counts = {
            "on_demand_renders": self.renders,
            "on_demand_stores": int(self.is_stored),
            "stores_refused": int(bool(self.not_stored)),
            "edge_blind": int(self.is_blind),
            "not_found": int(response.status == NOT_FOUND),
        }
        fields |= {name: count for name, count in counts.items() if count}
        if self.not_stored:
            fields["not_stored"] = self.not_stored
        if self.failure:
            fields |= {
                "cause": self.failure.cause.value,
                "stage": self.failure.stage,
                "detail": self.failure.detail,
            }
        elif CAUSE in response.headers:
            fields["cause"] = response.headers[CAUSE]
        return fields

    def _identity(self) -> dict[str, object]:
        asked = self.asked
        known = {"key": asked.source_key, "name": asked.name} if asked else {}
        return {**known, "request_id": self.request_id}
