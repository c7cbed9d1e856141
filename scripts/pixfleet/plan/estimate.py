"""Averages the trials of a sample, and estimates time and cost for all sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from scripts.pixfleet.plan.source_trial import SourceTrial
from scripts.pixfleet.pricing.rendering import (
    render_dollars,
    storage_dollars_a_month,
    vcpu_seconds,
)
from shared.model.recipe import Slot


@dataclass(frozen=True, slots=True)
class FileMeans:
    """Mean bytes and scores of one variant and slot over all trials of a recipe.

    None where that recipe has no such file, or nothing was scored. `is_lazy` is by the new recipe.
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
    is_lazy: bool


@dataclass(frozen=True, slots=True)
class SourceMeans:
    """Mean CPU time, bytes and number of objects of one source at upload, without its manifest."""

    sources: int
    old_cpu_seconds: float
    new_cpu_seconds: float
    old_bytes: float
    new_bytes: float
    old_objects: float
    new_objects: float


@dataclass(frozen=True, slots=True)
class Capacity:
    """The Lambda environments that run at once, and the vCPUs of each."""

    environments: int
    vcpus: float
    architecture: str = "arm64"


@dataclass(frozen=True, slots=True)
class PlanEstimate:
    """Time and cost of rendering `sources` again.

    `hours` is the time until the last source is rendered. `dollars` is paid once; the others are
    for storing the new and the current variants.
    """

    sources: int
    cpu_hours: float
    hours: float
    dollars: float
    dollars_a_month: float
    old_dollars_a_month: float


def mean_files(trials: Sequence[SourceTrial]) -> tuple[FileMeans, ...]:
    """Return the means of each recipe's files, in the order of the first trial."""
    usable = [trial for trial in trials if trial.is_comparable]
    names = dict.fromkeys(
        (trial.recipe, each.variant, each.slot) for trial in usable for each in trial.files
    )
    return tuple(_mean_file(usable, *name) for name in names)


def mean_source(trials: Sequence[SourceTrial]) -> SourceMeans | None:
    """Return the means over all comparable trials; None if there are no such trials."""
    usable = [trial for trial in trials if trial.is_comparable]
    if not usable:
        return None
    sizes = [
        (
            [each.old_bytes for each in trial.files if each.old_bytes and not each.old_lazy],
            [each.new_bytes for each in trial.files if each.new_bytes and not each.new_lazy],
        )
        for trial in usable
    ]
    return SourceMeans(
        sources=len(usable),
        old_cpu_seconds=fmean(trial.old_cpu_seconds for trial in usable),
        new_cpu_seconds=fmean(trial.new_cpu_seconds for trial in usable),
        old_bytes=fmean(sum(old) for old, _ in sizes),
        new_bytes=fmean(sum(new) for _, new in sizes),
        old_objects=fmean(len(old) for old, _ in sizes),
        new_objects=fmean(len(new) for _, new in sizes),
    )


def share_rendered(trials: Sequence[SourceTrial]) -> float:
    """Return the fraction of the sample that would be rendered and stored.

    The other sources name an unchanged recipe in their metadata, are rejected, or keep what they
    have because their recipe only makes more of it lazily.
    """
    return sum(trial.is_rendered for trial in trials) / len(trials) if trials else 0.0


def estimate_for(mean: SourceMeans, sources: int, capacity: Capacity) -> PlanEstimate:
    """Return time and cost of rendering a number of sources like the mean one.

    The estimate assumes that a Lambda vCPU is as fast as the CPU on which the trials ran.
    """
    seconds = sources * vcpu_seconds(mean.new_cpu_seconds)
    objects = mean.new_objects + 1  # and the manifest
    dollars_a_source = render_dollars(mean.new_cpu_seconds, objects, capacity.architecture)
    return PlanEstimate(
        sources=sources,
        cpu_hours=seconds / 3600,
        hours=seconds / 3600 / (capacity.environments * capacity.vcpus),
        dollars=sources * dollars_a_source,
        dollars_a_month=storage_dollars_a_month(sources * mean.new_bytes),
        old_dollars_a_month=storage_dollars_a_month(sources * mean.old_bytes),
    )


def _mean_file(trials: Sequence[SourceTrial], recipe: str, variant: str, slot: Slot) -> FileMeans:
    files = [
        each
        for trial in trials
        for each in trial.files
        if (trial.recipe, each.variant, each.slot) == (recipe, variant, slot)
    ]
    scored = [each for each in files if each.new_score is not None or each.old_score is not None]
    return FileMeans(
        recipe=recipe,
        variant=variant,
        slot=slot,
        sources=len(files),
        old_bytes=_mean([each.old_bytes for each in files]),
        new_bytes=_mean([each.new_bytes for each in files]),
        is_same=all(each.is_same for each in files),
        old_score=_mean([each.old_score for each in scored]),
        new_score=_mean([each.new_score for each in scored]),
        is_lazy=any(each.new_lazy for each in files),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
