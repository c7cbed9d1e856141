"""Uploads good and bad files, and compares the outcome of each with what the runbook says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from scripts.pixfleet.drill.samples import Sample, samples
from scripts.pixfleet.drill.site import Site
from scripts.pixfleet.drill.step import Step, compare
from scripts.pixfleet.stack.alarms import alarms_of
from shared.deadline import Deadline
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry

NOTHING = "nothing"
AMAZON = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass
class Drill:
    """One drill; `pause` is called between two reads while the drill waits."""

    site: Site
    pause: Callable[[], None]
    files: Sequence[Sample] = field(default_factory=samples)

    def run(self, until: Deadline, describe: Callable[[str], None]) -> Iterator[Step]:
        """Yield the comparisons; `describe` gets what the drill waits for."""
        was_on_before = self._is_alarm_on()
        for sample in self.files:
            self.site.upload(sample)
        describe("Waiting for the worker")
        yield from self._ledger_entries(until)
        yield self._variants(self.files[0])
        describe("Waiting for the dead letters")
        yield from self._dead_letters(until)
        describe("Waiting for the alarms")
        yield self._alarm(until, was_on_before=was_on_before)

    def clean(self, until: Deadline) -> Iterator[Step]:
        """Remove everything that the drill has made, and yield what was removed."""
        all_gone = self.site.remove_sources(self.files)
        found = "deleted" if all_gone else "hidden; you may not delete versions"
        yield Step("sources", "deleted", found, is_right=True if all_gone else None)
        self._wait(lambda: all(self._is_clean(sample) for sample in self.files), until)
        left = [key for sample in self.files for key in self.site.stored(sample)]
        found = f"{len(left)} left" if left else "none left"
        yield compare("their variants", "none left", found)
        self.site.take_dead_letters()

    def _wait(self, is_done: Callable[[], bool], until: Deadline) -> None:
        while not is_done() and until.remaining_seconds() > 0:
            self.pause()

    def _ledger_entries(self, until: Deadline) -> Iterator[Step]:
        self._wait(lambda: all(_is_finished(self.site.entry(each)) for each in self.files), until)
        for sample in self.files:
            entry = self.site.entry(sample)
            what = f"{sample.name} in the ledger"
            if sample.is_good:
                yield compare(what, PUBLISHED, entry.status or NOTHING)
            else:
                found = entry.cause if entry.status == REJECTED else entry.status
                yield compare(what, _causes(sample), found or NOTHING)

    def _variants(self, good: Sample) -> Step:
        expected, stored = self.site.expected(good), self.site.stored(good)
        what = f"{good.name} and its variants"
        wanted = f"{len(expected) - 1} and a manifest"
        if stored != expected:
            missing = len(expected - stored)
            return Step(what, wanted, f"{missing} of {len(expected)} missing", is_right=False)
        etag = self.site.manifest(good)["source"]["etag"].strip('"')
        is_right = etag == self.site.entry(good).etag
        found = wanted if is_right else "a manifest of another source"
        return Step(what, wanted, found, is_right=is_right)

    def _dead_letters(self, until: Deadline) -> Iterator[Step]:
        bad = [sample for sample in self.files if not sample.is_good]
        causes: dict[str, str] = {}

        def are_all_found() -> bool:
            causes.update((each.key, each.cause) for each in self.site.take_dead_letters())
            return causes.keys() >= {self.site.key(each) for each in bad}

        self._wait(are_all_found, until)
        for sample in bad:
            cause = causes.get(self.site.key(sample), NOTHING)
            yield compare(f"{sample.name} as a dead letter", _causes(sample), cause)

    def _alarm(self, until: Deadline, *, was_on_before: bool | None) -> Step:
        what, on = "alarm on new dead letters", "on"
        if was_on_before is None:
            return Step(what, on, "this stack has no alarm", is_right=None)
        if not self.site.clients.cloudwatch.meta.endpoint_url.endswith(AMAZON):
            return Step(what, on, "not evaluated by a local AWS", is_right=None)
        self._wait(lambda: bool(self._is_alarm_on()), until)
        is_on = bool(self._is_alarm_on())
        if is_on and was_on_before:
            return Step(what, on, "on, as before the drill", is_right=None)
        return compare(what, on, on if is_on else "off")

    def _is_alarm_on(self) -> bool | None:
        """Return whether an alarm on new dead letters is on; `None` if the stack has no alarm."""
        stack = self.site.stack
        alarms = alarms_of(self.site.clients.cloudwatch, f"{stack.prefix}-new-dead-letters")
        return any(alarm.is_on for alarm in alarms) if alarms else None

    def _is_clean(self, sample: Sample) -> bool:
        entry = self.site.entry(sample)
        is_finished = entry.status in {"", REMOVED} and not entry.lease_until
        return is_finished and not self.site.stored(sample)


def _is_finished(entry: Entry) -> bool:
    return entry.status in {PUBLISHED, REJECTED} and not entry.lease_until


def _causes(sample: Sample) -> str:
    return " or ".join(cause.value for cause in sample.causes)
