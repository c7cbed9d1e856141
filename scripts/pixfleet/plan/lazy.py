"""Estimates what lazy files save, by how many of them are ever asked for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from scripts.pixfleet.pricing.first_requests import (
    READERS,
    first_request_dollars,
    share_asked_for,
)
from scripts.pixfleet.pricing.prices import MILLION
from scripts.pixfleet.pricing.rendering import render_dollars
from shared.model.recipe import Slot

# The sensitivity to the number of requests is shown for a tenth of it, itself and ten times it.
FACTORS = (0.1, 1.0, 10.0)


@dataclass(frozen=True, slots=True)
class LazyFile:
    """A lazy file of a source: the CPU seconds of its first request, and who gets its slot.

    `readers` is the share of readers, and `variants` how many variants share the requests.
    """

    variant: str
    slot: Slot
    cpu_seconds: float
    readers: float
    variants: int


@dataclass(frozen=True, slots=True)
class LazyTrial:
    """The CPU seconds and files of a source at upload: with all files, and without lazy ones."""

    all_cpu_seconds: float
    all_files: int
    upload_cpu_seconds: float
    files: tuple[LazyFile, ...]

    @property
    def upload_files(self) -> int:
        """Return how many files are made at upload."""
        return self.all_files - len(self.files)


@dataclass(frozen=True, slots=True)
class LazyCost:
    """What a million new sources cost if each gets so many requests on average.

    `asked_for` is the share of the lazy files that is asked for at least once. The dollars are for
    making all files at upload, and for making the lazy ones at their first requests.
    """

    requests: float
    asked_for: float
    eager_dollars: float
    lazy_dollars: float

    @property
    def saved_dollars(self) -> float:
        """Return what lazy saves; negative if it costs more."""
        return self.eager_dollars - self.lazy_dollars


@dataclass(frozen=True, slots=True)
class LazyEstimate:
    """Lazy against eager, for the mean source of a sample.

    `break_even` is the share of lazy files asked for from which lazy costs more; over 1 it never
    does.
    """

    files: float
    all_files: float
    break_even: float
    costs: tuple[LazyCost, ...]

    def document(self) -> dict[str, object]:
        """Return the part of the `--json` document."""
        return {
            "lazy_files": self.files,
            "files": self.all_files,
            "break_even": self.break_even,
            "readers": {slot.value: share for slot, share in READERS.items()},
            "per_million_sources": [
                {**asdict(each), "saved_dollars": each.saved_dollars} for each in self.costs
            ],
        }


def estimate_lazy(
    trials: Sequence[LazyTrial], requests: float, architecture: str
) -> LazyEstimate | None:
    """Return the estimate for sources like those tried; None if no lazy file was tried."""
    files = [(trial, file) for trial in trials for file in trial.files]
    if not files:
        return None
    # The manifest is an object, too.
    eager = fmean(
        render_dollars(each.all_cpu_seconds, each.all_files + 1, architecture) for each in trials
    )
    at_upload = fmean(
        render_dollars(each.upload_cpu_seconds, each.upload_files + 1, architecture)
        for each in trials
    )

    def of_first_requests(requests: float | None) -> float:
        """Return the dollars a source; `None` means that every lazy file is asked for."""
        return sum(
            first_request_dollars(file.cpu_seconds, architecture) * _share(file, requests)
            for _, file in files
        ) / len(trials)

    return LazyEstimate(
        files=len(files) / len(trials),
        all_files=fmean(each.all_files for each in trials),
        break_even=(eager - at_upload) / of_first_requests(None),
        costs=tuple(
            LazyCost(
                requests=each,
                asked_for=fmean(_share(file, each) for _, file in files),
                eager_dollars=MILLION * eager,
                lazy_dollars=MILLION * (at_upload + of_first_requests(each)),
            )
            for each in (requests * factor for factor in FACTORS)
        ),
    )


def _share(file: LazyFile, requests: float | None) -> float:
    if requests is None:
        return 1.0
    return share_asked_for(requests, file.readers, file.variants)
