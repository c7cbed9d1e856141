"""Estimates what lazy files save, by how many of them are ever asked for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from scripts.pixfleet.pricing.first_requests import (
    KEPT_MONTHS,
    READERS,
    first_request_dollars,
    lazy_storage_dollars_a_month,
    share_asked_for,
)
from scripts.pixfleet.pricing.prices import MILLION
from scripts.pixfleet.pricing.rendering import render_dollars, storage_dollars_a_month
from shared.model.recipe import Slot

# The sensitivity to the number of requests is shown for a tenth of it, itself and ten times it.
FACTORS = (0.1, 1.0, 10.0)


@dataclass(frozen=True, slots=True)
class LazyFile:
    """A lazy file of a source, and the CPU seconds of its first request.

    `share` is its share of the requests that the source gets.
    """

    variant: str
    slot: Slot
    size_bytes: int
    cpu_seconds: float
    share: float

    def dollars(self, architecture: str) -> float:
        """Return the dollars for making it at its first request and keeping it."""
        kept = KEPT_MONTHS * lazy_storage_dollars_a_month(self.size_bytes)
        return first_request_dollars(self.cpu_seconds, architecture) + kept


@dataclass(frozen=True, slots=True)
class LazyTrial:
    """The CPU seconds of a source at upload, with all its files and without the lazy ones."""

    all_files: int
    all_cpu_seconds: float
    upload_cpu_seconds: float
    files: tuple[LazyFile, ...]

    def saved_dollars(self, architecture: str) -> float:
        """Return the dollars saved at upload and in storage if nobody asks for a lazy file."""
        return (
            self.eager_dollars(architecture)
            - render_dollars(
                self.upload_cpu_seconds, self.all_files - len(self.files) + 1, architecture
            )
            + KEPT_MONTHS * storage_dollars_a_month(sum(each.size_bytes for each in self.files))
        )

    def eager_dollars(self, architecture: str) -> float:
        """Return the dollars for making all files at upload, and the manifest."""
        return render_dollars(self.all_cpu_seconds, self.all_files + 1, architecture)


@dataclass(frozen=True, slots=True)
class LazyCost:
    """What lazy saves for a million new sources that get so many requests each on average.

    `asked_for` is the share of the lazy files that is asked for at least once. `unmade_dollars` is
    saved at upload and in a year of storage, `made_dollars` are for making and keeping the files
    that are asked for.
    """

    requests: float
    asked_for: float
    unmade_dollars: float
    made_dollars: float

    @property
    def saved_dollars(self) -> float:
        """Return what lazy saves together; negative if it costs more."""
        return self.unmade_dollars - self.made_dollars


@dataclass(frozen=True, slots=True)
class LazyEstimate:
    """Lazy against eager, for the mean source of a sample.

    `break_even` is the share of lazy files asked for from which lazy costs more; over 1 it never
    does.
    """

    files: float
    all_files: float
    eager_dollars: float
    break_even: float
    costs: tuple[LazyCost, ...]

    def document(self) -> dict[str, object]:
        """Return the part of the `--json` document; dollars are for a million sources."""
        return {
            "lazy_files": self.files,
            "files": self.all_files,
            "break_even": self.break_even,
            "eager_dollars": self.eager_dollars,
            "readers": {slot.value: share for slot, share in READERS.items()},
            "kept_months": KEPT_MONTHS,
            "by_requests": [
                {**asdict(each), "saved_dollars": each.saved_dollars} for each in self.costs
            ],
        }


def estimate_lazy(
    trials: Sequence[LazyTrial], requests: float, architecture: str
) -> LazyEstimate | None:
    """Return the estimate for sources like those tried; None if no lazy file was tried."""
    files = [file for trial in trials for file in trial.files]
    if not files:
        return None
    unmade = fmean(trial.saved_dollars(architecture) for trial in trials)
    all_made = sum(file.dollars(architecture) for file in files) / len(trials)

    def cost(requests: float) -> LazyCost:
        asked_for = [share_asked_for(requests, file.share) for file in files]
        made = sum(
            share * file.dollars(architecture)
            for share, file in zip(asked_for, files, strict=True)
        )
        return LazyCost(requests, fmean(asked_for), MILLION * unmade, MILLION * made / len(trials))

    return LazyEstimate(
        files=len(files) / len(trials),
        all_files=fmean(trial.all_files for trial in trials),
        eager_dollars=MILLION * fmean(trial.eager_dollars(architecture) for trial in trials),
        break_even=unmade / all_made,
        costs=tuple(cost(requests * factor) for factor in FACTORS),
    )
