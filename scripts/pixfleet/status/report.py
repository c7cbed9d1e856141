"""The status of a stack at one moment, and what in it needs a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.alarms import Alarm
from scripts.pixfleet.stack.parts import MissingPart
from scripts.pixfleet.status.outcomes import RecentOutcomes
from scripts.pixfleet.terminal.text import counted
from shared.cloud.queues import Depth

if TYPE_CHECKING:
    from scripts.pixfleet.status.purges import Purges

# The parts that may hide trouble begin with one of these.
ESSENTIAL = ("lane ", "dead letters", "alarms")
# A lane counts as stalled only if its oldest message is at least this old.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What needs a person, and what to type."""

    what: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """The status at one moment; `missing` names the parts that could not be read.

    Such a part is None, and such a lane is not among `lanes`. `on_demand` has what the renderer
    did in the last minutes, None if the stack has none. `purges` is also None if the stack does
    not purge what CloudFront has cached. `larger` has the larger lane of each lane that has one,
    and `forwarded` how many sources went there in the last minutes.
    """

    at: float
    lanes: Mapping[str, Depth]
    oldest_seconds: Mapping[str, float]
    dead_letters: int | None
    outcomes: RecentOutcomes | None
    per_second: float
    rate_is_from: str
    alarms: Sequence[Alarm] | None
    on_demand: Mapping[str, int] | None = None
    purges: "Purges | None" = None
    missing: Sequence[MissingPart] = ()
    larger: Mapping[str, str] = field(default_factory=dict)
    forwarded: Mapping[str, int] = field(default_factory=dict)

    @property
    def to_do(self) -> int:
        """Return how many messages the lanes hold."""
        return sum(depth.all for depth in self.lanes.values())

    @property
    def seconds_left(self) -> float | None:
        """Return `to_do` at the present rate in seconds; `None` if either is zero."""
        return self.to_do / self.per_second if self.to_do and self.per_second else None

    @property
    def word(self) -> str:
        """Return the status in one word: trouble, incomplete, busy or well.

        It is incomplete if trouble may be in a part that could not be read.
        """
        if any(self.troubles()):
            return "trouble"
        if self.unknown:
            return "incomplete"
        return "busy" if self.to_do else "well"

    @property
    def unknown(self) -> Sequence[str]:
        """Return the missing parts in which there may be trouble."""
        names = [each.name for each in self.missing]
        return [each for each in names if each.startswith(ESSENTIAL)]

    def troubles(self) -> Iterator[Trouble]:
        """Yield what needs a person, the most urgent first."""
        alarms_on = [alarm.name for alarm in self.alarms or () if alarm.is_on]
        if alarms_on:
            verb = "alarm is" if len(alarms_on) == 1 else "alarms are"
            what = f"{len(alarms_on)} {verb} on: {', '.join(alarms_on)}"
            yield Trouble(what, "the section of docs/runbook.md with the alarm's name")
        stalled = [name for name in self.lanes if self._is_stalled(name)]
        if stalled:
            waiting = sum(self.lanes[name].waiting for name in stalled)
            what = f"{counted(waiting, 'message')} on {', '.join(stalled)} that no worker receives"
            yield Trouble(what, "pixfleet doctor")
        if self.dead_letters:
            yield Trouble(counted(self.dead_letters, "dead letter"), "pixfleet dlq groups")

    def _is_stalled(self, lane: str) -> bool:
        depth = self.lanes[lane]
        if self.outcomes is None and not self.oldest_seconds:
            return False  # whether a worker processes messages is unknown
        is_idle = bool(depth.waiting) and not depth.in_flight and not self.per_second
        return is_idle and self.oldest_seconds.get(lane, PATIENCE_SECONDS) >= PATIENCE_SECONDS
