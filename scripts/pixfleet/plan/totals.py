"""Adds up what the trials showed, and reckons it for all sources."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from scripts.pixfleet.plan.trial import Trial
from scripts.pixfleet.pricing.rendering import (
    render_dollars,
    storage_dollars_a_month,
    vcpu_seconds,
)
from shared.model.errors import Cause
from shared.model.recipe import Slot


@dataclass(frozen=True, slots=True)
class Row:
    """One variant and slot over all trials of a recipe; bytes and scores are means.

    None where that side has no such file, or nothing was scored.
    """

    recipe: str
    variant: str
    slot: Slot
    sources: int
    old_bytes: float | None
    new_bytes: float | None
    is_same: bool
    old_score: float | None
    new_score: float | None


@dataclass(frozen=True, slots=True)
class Means:
    """What one source takes and gets, in the mean over trials; objects count no manifest."""

    sources: int
    old_cpu_seconds: float
    new_cpu_seconds: float
    old_bytes: float
    new_bytes: float
    old_objects: float
    new_objects: float


@dataclass(frozen=True, slots=True)
class Machines:
    """The Lambda environments that will work: how many at once, and with how many vCPUs each."""

    environments: int
    vcpus: float
    architecture: str = "arm64"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The whole of it: sources made again, hours until the last is made, dollars."""

    sources: int
    cpu_hours: float
    hours: float
    dollars: float
    dollars_a_month: float
    old_dollars_a_month: float


def rows(trials: Sequence[Trial]) -> tuple[Row, ...]:
    """Return a row for each recipe's variants and slots, in the order of the first trial."""
    usable = [trial for trial in trials if trial.is_comparable]
    named = dict.fromkeys(
        (trial.recipe, each.variant, each.slot) for trial in usable for each in trial.compared
    )
    return tuple(_row(usable, *name) for name in named)


def means(trials: Sequence[Trial]) -> Means | None:
    """Return the means over all trials that can be compared; none if there are none."""
    usable = [trial for trial in trials if trial.is_comparable]
    if not usable:
        return None
    sides = [
        (
            [each.old_bytes for each in trial.compared if each.old_bytes is not None],
            [each.new_bytes for each in trial.compared if each.new_bytes is not None],
        )
        for trial in usable
    ]
    return Means(
        sources=len(usable),
        old_cpu_seconds=fmean(trial.old_cpu_seconds for trial in usable),
        new_cpu_seconds=fmean(trial.new_cpu_seconds for trial in usable),
        old_bytes=fmean(sum(old) for old, _ in sides),
        new_bytes=fmean(sum(new) for _, new in sides),
        old_objects=fmean(len(old) for old, _ in sides),
        new_objects=fmean(len(new) for _, new in sides),
    )


def refused(trials: Sequence[Trial]) -> tuple[Counter[Cause], Counter[Cause]]:
    """Return the causes for which the old and the new recipe refuse what was tried."""
    old = Counter(trial.old_refused for trial in trials if trial.old_refused)
    new = Counter(trial.new_refused for trial in trials if trial.new_refused)
    return old, new


def share_made(trials: Sequence[Trial]) -> float:
    """Return which part of the sample really would be made.

    Some ask for another recipe by their metadata, and some are refused.
    """
    return sum(trial.is_comparable for trial in trials) / len(trials) if trials else 0.0


def estimate(mean: Means, sources: int, machines: Machines) -> Estimate:
    """Return what making so many sources takes and costs.

    A Lambda vCPU is taken to be as fast as the one that measured.
    """
    seconds = sources * vcpu_seconds(mean.new_cpu_seconds)
    with_manifest = mean.new_objects + 1
    each = render_dollars(mean.new_cpu_seconds, with_manifest, machines.architecture)
    return Estimate(
        sources=sources,
        cpu_hours=seconds / 3600,
        hours=seconds / 3600 / (machines.environments * machines.vcpus),
        dollars=sources * each,
        dollars_a_month=storage_dollars_a_month(sources * mean.new_bytes),
        old_dollars_a_month=storage_dollars_a_month(sources * mean.old_bytes),
    )


def _row(trials: Sequence[Trial], recipe: str, variant: str, slot: Slot) -> Row:
    found = [
        each
        for trial in trials
        for each in trial.compared
        if (trial.recipe, each.variant, each.slot) == (recipe, variant, slot)
    ]
    scored = [each for each in found if each.new_score is not None or each.old_score is not None]
    return Row(
        recipe=recipe,
        variant=variant,
        slot=slot,
        sources=len(found),
        old_bytes=_mean([each.old_bytes for each in found]),
        new_bytes=_mean([each.new_bytes for each in found]),
        is_same=all(each.is_same for each in found),
        old_score=_mean([each.old_score for each in scored]),
        new_score=_mean([each.new_score for each in scored]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None
