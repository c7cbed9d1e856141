"""What a plan found, as one value and as the JSON document of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from scripts.pixfleet.plan import totals as figures
from scripts.pixfleet.plan.changes import Kind, RecipeChange
from scripts.pixfleet.plan.sample import LedgerReader
from scripts.pixfleet.plan.totals import Estimate, Machines, Means, Row
from scripts.pixfleet.plan.trial import Trial
from shared.model.errors import Cause


@dataclass(frozen=True, slots=True)
class Report:
    """What would change. `total` is how many sources there are, `is_counted` whether all were.

    `make_the_same` says that no source whatever could get anything else.
    """

    changes: tuple[RecipeChange, ...]
    make_the_same: bool
    census: LedgerReader
    total: int
    is_counted: bool
    trials: tuple[Trial, ...]
    machines: Machines

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return what each variant and slot weighs and scores."""
        return figures.rows(self.trials)

    @property
    def means(self) -> Means | None:
        """Return what one source takes and gets."""
        return figures.means(self.trials)

    @property
    def newly_refused(self) -> tuple[tuple[str, Cause], ...]:
        """Return the sources that only the new recipe refuses, and why."""
        return tuple(
            (trial.key, trial.new_refused)
            for trial in self.trials
            if trial.new_refused and not trial.old_refused
        )

    @property
    def estimate(self) -> Estimate | None:
        """Return what making all of them takes; none if nothing could be compared."""
        mean = self.means
        if mean is None or not self.census.listed:
            return None
        of_listed = self.census.made * figures.share_made(self.trials)
        sources = round(self.total * of_listed / self.census.listed)
        return figures.estimate(mean, sources, self.machines)

    def document(self) -> dict[str, object]:
        """Return what a program is told; bytes, seconds and dollars are never rounded."""
        mean, reckoned = self.means, self.estimate
        return {
            "changes_nothing": self.make_the_same or not self.census.made,
            "recipes": {each.name: each.what for each in self.changes},
            "sources": {
                "total": self.total,
                "total_is_counted": self.is_counted,
                "listed": self.census.listed,
                **{kind.value: self.census.counts[kind] for kind in Kind},
            },
            "sampled": len(self.trials),
            "refused": [_refusal(each) for each in self.trials if not _went_well(each)],
            "means_per_source": asdict(mean) if mean else None,
            "variants": [asdict(row) for row in self.rows],
            "estimate": asdict(reckoned) if reckoned else None,
            "samples": _samples(self.trials),
        }


def _samples(trials: Sequence[Trial]) -> list[dict[str, object]]:
    return [
        {
            "key": each.key,
            "recipe": each.recipe,
            "kind": each.kind,
            "old_cpu_seconds": each.old_cpu_seconds,
            "new_cpu_seconds": each.new_cpu_seconds,
        }
        for each in trials
    ]


def _went_well(trial: Trial) -> bool:
    return not (trial.old_refused or trial.new_refused)


def _refusal(trial: Trial) -> dict[str, object]:
    return {"key": trial.key, "old": trial.old_refused, "new": trial.new_refused}
