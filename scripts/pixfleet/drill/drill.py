"""Drops good and bad files, and compares where each lands with what the runbook says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from scripts.pixfleet.drill.samples import Sample, samples
from scripts.pixfleet.drill.site import Ground
from scripts.pixfleet.drill.step import Line, compared
from scripts.pixfleet.stack.alarms import alarms_of
from shared.deadline import Deadline
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry

NOTHING = "nothing"
AMAZON = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass
class Drill:
    """One drill on its ground; `pause` passes the time between two looks."""

    ground: Ground
    pause: Callable[[], None]
    files: Sequence[Sample] = field(default_factory=samples)

    def run(self, until: Deadline, tell: Callable[[str], None]) -> Iterator[Line]:
        """Yield what is found, one thing after the other."""
        rang_before = self._rings()
        for sample in self.files:
            self.ground.drop(sample)
        tell("Waiting for the worker")
        yield from self._in_ledger(until)
        yield self._variants(self.files[0])
        tell("Waiting for the dead letters")
        yield from self._dead_letters(until)
        tell("Waiting for the alarms")
        yield self._alarm(until, rang_before=rang_before)

    def clean(self, until: Deadline) -> Iterator[Line]:
        """Remove all that the drill has made, and yield what became of it."""
        all_gone = self.ground.remove_sources(self.files)
        told = "deleted" if all_gone else "hidden; you may not delete versions"
        yield Line("sources", "deleted", told, is_right=True if all_gone else None)
        self._wait(lambda: all(self._is_clean(sample) for sample in self.files), until)
        left = [key for sample in self.files for key in self.ground.stored(sample)]
        found = f"{len(left)} left" if left else "none left"
        yield compared("their variants", "none left", found)
        self.ground.take_dead_letters()

    def _wait(self, is_done: Callable[[], bool], until: Deadline) -> None:
        while not is_done() and until.remaining_seconds() > 0:
            self.pause()

    def _in_ledger(self, until: Deadline) -> Iterator[Line]:
        self._wait(lambda: all(_has_ended(self.ground.entry(each)) for each in self.files), until)
        for sample in self.files:
            entry = self.ground.entry(sample)
            what = f"{sample.name} in the ledger"
            if sample.is_good:
                yield compared(what, PUBLISHED, entry.status or NOTHING)
            else:
                why = entry.cause if entry.status == REJECTED else entry.status
                yield compared(what, _causes(sample), why or NOTHING)

    def _variants(self, good: Sample) -> Line:
        expected, stored = self.ground.expected(good), self.ground.stored(good)
        what = f"{good.name} and its variants"
        wanted = f"{len(expected) - 1} and a manifest"
        if stored != expected:
            missing = len(expected - stored)
            return Line(what, wanted, f"{missing} of {len(expected)} missing", is_right=False)
        etag = self.ground.manifest(good)["source"]["etag"].strip('"')
        is_of_it = etag == self.ground.entry(good).etag
        return Line(what, wanted, wanted if is_of_it else "another's manifest", is_right=is_of_it)

    def _dead_letters(self, until: Deadline) -> Iterator[Line]:
        bad = [sample for sample in self.files if not sample.is_good]
        causes: dict[str, str] = {}

        def all_there() -> bool:
            causes.update((each.key, each.cause) for each in self.ground.take_dead_letters())
            return causes.keys() >= {self.ground.key(each) for each in bad}

        self._wait(all_there, until)
        for sample in bad:
            cause = causes.get(self.ground.key(sample), NOTHING)
            yield compared(f"{sample.name} as a dead letter", _causes(sample), cause)

    def _alarm(self, until: Deadline, *, rang_before: bool | None) -> Line:
        what, on = "alarm on new dead letters", "on"
        if rang_before is None:
            return Line(what, on, "this stack has none", is_right=None)
        if not self.ground.clients.cloudwatch.meta.endpoint_url.endswith(AMAZON):
            return Line(what, on, "not evaluated here", is_right=None)
        self._wait(lambda: bool(self._rings()), until)
        rings = bool(self._rings())
        if rings and rang_before:
            return Line(what, on, "on, as before the drill", is_right=None)
        return compared(what, on, on if rings else "off")

    def _rings(self) -> bool | None:
        """Return whether an alarm on new dead letters is on; none if there is none."""
        stack = self.ground.stack
        alarms = alarms_of(self.ground.clients.cloudwatch, f"{stack.prefix}-new-dead-letters")
        return any(alarm.is_on for alarm in alarms) if alarms else None

    def _is_clean(self, sample: Sample) -> bool:
        entry = self.ground.entry(sample)
        has_ended = entry.status in {"", REMOVED} and not entry.lease_until
        return has_ended and not self.ground.stored(sample)


def _has_ended(entry: Entry) -> bool:
    return entry.status in {PUBLISHED, REJECTED} and not entry.lease_until


def _causes(sample: Sample) -> str:
    return " or ".join(cause.value for cause in sample.causes)
