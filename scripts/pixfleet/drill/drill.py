"""Uploads good and bad files, and compares the outcome of each with what the runbook says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from scripts.pixfleet.drill.samples import Sample, samples
from scripts.pixfleet.drill.site import Site
from scripts.pixfleet.drill.step import TROUBLES, Step, attempt, compare, reason, unknown
from scripts.pixfleet.stack.alarms import alarms_of
from shared.deadline import Deadline
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry

NOTHING = "nothing"
AMAZON = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True, slots=True)
class _AlarmBefore:
    """Whether an alarm was on before the drill; `None` without an alarm, or if it is unknown."""

    is_on: bool | None
    why_unknown: str = ""


@dataclass
class Drill:
    """One drill; `pause` is called between two reads while the drill waits.

    `are_dead_letters_gone` after a clean-up that has read the whole queue and found none.
    """

    site: Site
    pause: Callable[[], None]
    files: Sequence[Sample] = field(default_factory=samples)
    are_dead_letters_gone: bool = False

    def run(self, until: Deadline, describe: Callable[[str], None]) -> Iterator[Step]:
        """Yield the comparisons; `describe` gets what the drill waits for."""
        before = self._alarm_before()
        for sample in self.files:
            self.site.upload(sample)
        describe("Waiting for the worker")
        yield from self._ledger_entries(until)
        good = self.files[0]
        yield attempt(f"{good.name} and its variants", "stored", lambda: self._variants(good))
        describe("Waiting for the dead letters")
        yield from self._dead_letters(until)
        describe("Waiting for the alarms")
        yield self._alarm(until, before)

    def clean(self, until: Deadline) -> Iterator[Step]:
        """Remove everything that the drill has made, and yield what was removed.

        A part that AWS refuses is tried again until the deadline, and the other parts after it.
        """
        yield self._remove_sources(until)
        self._wait(lambda: all(self._is_clean(sample) for sample in self.files), until)
        yield attempt("their variants", "none left", self._left_variants)
        yield self._remove_dead_letters(until)

    def _wait(self, is_done: Callable[[], bool], until: Deadline) -> str:
        """Return once something is done, or by the deadline; then why it was not known."""
        while True:
            why = ""
            try:
                if is_done():
                    return ""
            except TROUBLES as trouble:
                why = reason(trouble)
            if until.remaining_seconds() <= 0:
                return why
            self.pause()

    def _remove_sources(self, until: Deadline) -> Step:
        found: list[bool] = []

        def remove() -> bool:
            found.append(self.site.remove_sources())
            return True

        if why := self._wait(remove, until):
            return Step("sources", "deleted", f"not deleted: {why}", is_right=False)
        if all(found):
            return Step("sources", "deleted", "deleted", is_right=True)
        hidden = "hidden; you may not delete versions"
        return Step("sources", "deleted", hidden, is_right=None)

    def _left_variants(self) -> Step:
        left = [key for sample in self.files for key in self.site.stored(sample)]
        found = f"{len(left)} left" if left else "none left"
        return compare("their variants", "none left", found)

    def _remove_dead_letters(self, until: Deadline) -> Step:
        """Look until the whole queue was read and had none of the drill's.

        If each bad file's dead letter has been deleted, one more look is enough, even if another
        process holds others: only a message that SQS delivered twice could have another one.
        """
        own, what = self.site.dead_letters, "their dead letters"
        wanted = {self.site.key(each) for each in self.files if not each.is_good}

        def are_gone() -> bool:
            return not own.look() and (own.has_read_all or own.causes.keys() >= wanted)

        why = self._wait(are_gone, until)
        is_all_found = own.causes.keys() >= wanted
        self.are_dead_letters_gone = not why and (own.has_read_all or is_all_found)
        if why:
            return unknown(what, "none left", why)
        if own.has_read_all:
            return Step(what, "none left", "none left", is_right=True)
        if is_all_found:
            return Step(what, "none left", f"{len(wanted)} deleted", is_right=True)
        return unknown(what, "none left", own.looked)

    def _ledger_entries(self, until: Deadline) -> Iterator[Step]:
        self._wait(lambda: all(_is_finished(self.site.entry(each)) for each in self.files), until)
        for sample in self.files:
            what = f"{sample.name} in the ledger"
            expected = PUBLISHED if sample.is_good else _causes(sample)
            yield attempt(what, expected, partial(self._ledger_entry, sample, what, expected))

    def _ledger_entry(self, sample: Sample, what: str, expected: str) -> Step:
        entry = self.site.entry(sample)
        is_rejected = entry.status == REJECTED and not sample.is_good
        return compare(what, expected, (entry.cause if is_rejected else entry.status) or NOTHING)

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
        own, bad = self.site.dead_letters, [each for each in self.files if not each.is_good]
        wanted = {self.site.key(each) for each in bad}

        def are_all_found() -> bool:
            own.look(wanted)
            return own.causes.keys() >= wanted

        why = self._wait(are_all_found, until)
        has_seen_all = not why and own.has_read_all
        for sample in bad:
            what, expected = f"{sample.name} as a dead letter", _causes(sample)
            if cause := own.causes.get(self.site.key(sample)):
                yield compare(what, expected, cause)
            elif has_seen_all:
                yield Step(what, expected, f"{NOTHING}: {own.looked}", is_right=False)
            else:
                yield unknown(what, expected, why or own.looked)

    def _alarm_before(self) -> _AlarmBefore:
        try:
            return _AlarmBefore(self._is_alarm_on())
        except TROUBLES as trouble:
            return _AlarmBefore(None, reason(trouble))

    def _alarm(self, until: Deadline, before: _AlarmBefore) -> Step:
        what, on = "alarm on new dead letters", "on"
        if before.why_unknown:
            return unknown(what, on, before.why_unknown)
        if before.is_on is None:
            return Step(what, on, "this stack has no alarm", is_right=None)
        if not self.site.clients.cloudwatch.meta.endpoint_url.endswith(AMAZON):
            return Step(what, on, "not evaluated by a local AWS", is_right=None)
        went_on: list[bool] = []

        def is_on() -> bool:
            went_on.append(bool(self._is_alarm_on()))
            return went_on[-1]

        if why := self._wait(is_on, until):
            return unknown(what, on, why)
        if went_on[-1] and before.is_on:
            return Step(what, on, "on, as before the drill", is_right=None)
        return compare(what, on, on if went_on[-1] else "off")

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
