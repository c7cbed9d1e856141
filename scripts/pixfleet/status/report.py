"""All that `pixfleet status` knows at one moment, and in a word whether it is well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scripts.pixfleet.stack.alarms import Alarm
from scripts.pixfleet.status.outcomes import Endings
from scripts.pixfleet.terminal.text import counted
from shared.cloud.queues import Depth

# A message that has just come may lie so long before anybody polls for it.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What wants a person, and what to type."""

    what: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known at one moment; `unseen` is what could not be looked at, and why."""

    at: float
    lanes: Mapping[str, Depth]
    oldest_seconds: Mapping[str, float]
    dead_letters: int
    endings: Endings
    per_second: float
    rate_is_from: str
    alarms: Sequence[Alarm]
    unseen: Sequence[str] = ()

    @property
    def to_do(self) -> int:
        """Return how many messages are still to be worked on."""
        return sum(depth.all for depth in self.lanes.values())

    @property
    def seconds_left(self) -> float | None:
        """Return how long it takes at this pace; none if there is no pace, or nothing to do."""
        return self.to_do / self.per_second if self.to_do and self.per_second else None

    @property
    def word(self) -> str:
        """Return whether all is well, in a word."""
        return "trouble" if any(self.troubles()) else "busy" if self.to_do else "well"

    def troubles(self) -> Iterator[Trouble]:
        """Yield what wants a person, the worst first."""
        ringing = [alarm.name for alarm in self.alarms if alarm.is_on]
        if ringing:
            verb = "alarm is" if len(ringing) == 1 else "alarms are"
            told = f"{len(ringing)} {verb} on: {', '.join(ringing)}"
            yield Trouble(told, "the section of docs/runbook.md with the alarm's name")
        stalled = [name for name in self.lanes if self._is_stalled(name)]
        if stalled:
            waiting = sum(self.lanes[name].waiting for name in stalled)
            told = f"{counted(waiting, 'message')} on {', '.join(stalled)} and nobody at work"
            yield Trouble(told, "pixfleet doctor")
        if self.dead_letters:
            yield Trouble(counted(self.dead_letters, "dead letter"), "pixfleet dlq groups")

    def _is_stalled(self, lane: str) -> bool:
        depth = self.lanes[lane]
        is_idle = bool(depth.waiting) and not depth.in_flight and not self.per_second
        return is_idle and self.oldest_seconds.get(lane, PATIENCE_SECONDS) >= PATIENCE_SECONDS
