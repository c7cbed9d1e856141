"""Draws dead letters of every cause to be tried, and says what their trials allow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from scripts.pixfleet.dlq.trial import TrialOutcome, TrialResult
from scripts.pixfleet.stack.causes import facts_of
from scripts.pixfleet.stack.dead_letters import DeadLetter


@dataclass(frozen=True, slots=True)
class Trial:
    """What would happen to a key now; `cause` is that of its dead letter."""

    cause: str
    result: TrialResult


@dataclass(slots=True)
class CauseSample:
    """Some keys of the dead letters of one cause; `total` is how many keys they name.

    Each key is as likely to be drawn as any other: the oldest ones may be of one client.
    """

    cause: str
    most: int
    random: Random = field(repr=False)
    total: int = 0
    keys: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Draw a key or not (reservoir sampling); a key that was drawn before only counts."""
        self.total += 1
        if key in self.keys:
            return
        if len(self.keys) < self.most:
            self.keys.append(key)
        elif (at := self.random.randrange(self.total)) < self.most:
            self.keys[at] = key


def sample_causes(
    dead_letters: Iterable[DeadLetter], most: int, seed: int
) -> Sequence[CauseSample]:
    """Return up to `most` keys of each cause; first those of causes that every image meets."""
    samples: dict[str, CauseSample] = {}
    for dead_letter in dead_letters:
        cause = dead_letter.cause
        if cause not in samples:
            samples[cause] = CauseSample(cause, most, Random(f"{seed} {cause}"))  # noqa: S311 - not for security
        for key in dead_letter.keys:
            samples[cause].add(key)
    return sorted(samples.values(), key=lambda each: (facts_of(each.cause).rank, each.cause))


class NextStep(Enum):
    """What the trials of a cause's sample allow to do with all of its dead letters."""

    REDRIVE = "redrive"
    DELETE = "delete"
    CHECK_STACK = "check_stack"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class CauseTrials:
    """The trials of one cause, and how many keys its dead letters name."""

    cause: str
    total: int
    results: Sequence[TrialResult]

    def count(self, *outcomes: TrialOutcome) -> int:
        """Return how many trials had one of the outcomes."""
        return sum(each.outcome in outcomes for each in self.results)

    @property
    def next_step(self) -> NextStep:
        """Return what to do with the dead letters of the cause.

        To delete is only right if the cause is the image's own and every image tried would fail
        for a reason of its own: then nothing that may still be published is lost. A redrive is
        right if any message would be done; the others come back.
        """
        outcomes = {each.outcome for each in self.results}
        if outcomes & {TrialOutcome.MADE, TrialOutcome.REMOVED, TrialOutcome.IGNORED}:
            return NextStep.REDRIVE
        if TrialOutcome.UNCLEAR in outcomes:
            return NextStep.CHECK_STACK
        causes = [self.cause, *(each.cause for each in self.results)]
        if self.results and all(facts_of(cause).is_of_source for cause in causes):
            return NextStep.DELETE
        return NextStep.LOOK


def by_cause(samples: Sequence[CauseSample], trials: Iterable[Trial]) -> Sequence[CauseTrials]:
    """Return the trials of each cause, in the order of the samples."""
    found: dict[str, list[TrialResult]] = {each.cause: [] for each in samples}
    for trial in trials:
        found[trial.cause].append(trial.result)
    return [CauseTrials(each.cause, each.total, found[each.cause]) for each in samples]
