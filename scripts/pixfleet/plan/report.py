"""The result of `pixfleet plan` and its `--json` document."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from scripts.pixfleet.plan.changes import Effect, RecipeChange
from scripts.pixfleet.plan.estimate import (
    Capacity,
    FileMeans,
    PlanEstimate,
    SourceMeans,
    estimate_for,
    mean_files,
    mean_source,
    share_rendered,
)
from scripts.pixfleet.plan.lazy import LazyEstimate, estimate_lazy
from scripts.pixfleet.plan.sample import Sample
from scripts.pixfleet.plan.source_trial import SourceTrial
from scripts.pixfleet.pricing.first_requests import DEFAULT_REQUESTS
from shared.model.errors import Cause


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What new recipes would change.

    `is_equivalent` means that no source at all would get other variants. `total` is the number of
    sources; it is exact if `is_counted`, else a lower bound. `requests` are those that a source
    gets on average, which decide what lazy files cost.
    """

    changes: tuple[RecipeChange, ...]
    is_equivalent: bool
    sample: Sample
    total: int
    is_counted: bool
    trials: tuple[SourceTrial, ...]
    capacity: Capacity
    requests: float = DEFAULT_REQUESTS

    @property
    def changes_nothing(self) -> bool:
        """Return whether every listed source is as it would be by the new recipes."""
        return self.is_equivalent or not self.sample.to_try

    @property
    def file_means(self) -> tuple[FileMeans, ...]:
        """Return mean bytes and scores of each variant and slot."""
        return mean_files(self.trials)

    @property
    def source_means(self) -> SourceMeans | None:
        """Return mean CPU seconds, bytes and objects of a source."""
        return mean_source(self.trials)

    @property
    def newly_refused(self) -> tuple[tuple[str, Cause], ...]:
        """Return key and cause of the sources that the new recipe rejects and the old does not."""
        return tuple(
            (trial.key, trial.new_refused)
            for trial in self.trials
            if trial.new_refused and not trial.old_refused
        )

    @property
    def estimate(self) -> PlanEstimate | None:
        """Return time and cost for all sources; None if no source of the sample is rendered."""
        mean = mean_source([trial for trial in self.trials if trial.is_rendered])
        if mean is None or not self.sample.listed:
            return None
        of_listed = self.sample.to_try * share_rendered(self.trials)
        sources = round(self.total * of_listed / self.sample.listed)
        return estimate_for(mean, sources, self.capacity)

    @property
    def lazy(self) -> LazyEstimate | None:
        """Return what the new recipes' lazy files save; None without any."""
        trials = [trial.lazy for trial in self.trials if trial.lazy]
        return estimate_lazy(trials, self.requests, self.capacity.architecture)

    def document(self) -> dict[str, object]:
        """Return the `--json` document; bytes, seconds and dollars are not rounded."""
        mean, total_estimate, lazy = self.source_means, self.estimate, self.lazy
        return {
            "changes_nothing": self.changes_nothing,
            "recipes": {each.name: each.summary for each in self.changes},
            "sources": {
                "total": self.total,
                "total_is_counted": self.is_counted,
                "listed": self.sample.listed,
                **{effect.value: self.sample.counts[effect] for effect in Effect},
            },
            "sampled": len(self.trials),
            "refused": [_refusal(each) for each in self.trials if each.is_refused],
            "means_per_source": asdict(mean) if mean else None,
            "variants": [asdict(each) for each in self.file_means],
            "estimate": asdict(total_estimate) if total_estimate else None,
            "lazy": lazy.document() if lazy else None,
            "samples": _samples(self.trials),
        }


def _samples(trials: Sequence[SourceTrial]) -> list[dict[str, object]]:
    return [
        {
            "key": each.key,
            "recipe": each.recipe,
            "kind": each.effect,
            "old_cpu_seconds": each.old_cpu_seconds,
            "new_cpu_seconds": each.new_cpu_seconds,
        }
        for each in trials
    ]


def _refusal(trial: SourceTrial) -> dict[str, object]:
    return {"key": trial.key, "old": trial.old_refused, "new": trial.new_refused}
