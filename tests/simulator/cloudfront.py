"""CloudFront's API: which invalidations it accepts, and when each cache evicts."""
# ruff: noqa: N803 - the arguments are boto3's

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.local.edge.invalidation import Invalidations, Refusal
from tests.simulator.refusals import refusal
from tests.simulator.scheduler import Scheduler

Answer = dict[str, Any]  # botocore's shape

OPERATION = "CreateInvalidation"
# AWS does not document how long an invalidation takes: mostly seconds. Each cache evicts at its
# own time.
EVICTION_SECONDS = (0.1, 1.0, 3.0, 9.0)


@dataclass(frozen=True, slots=True)
class Invalidation:
    """An accepted invalidation."""

    id: str
    accepted_at: float
    paths: Sequence[str]


class CloudFront:
    """The distributions of one account.

    `evict` evicts paths from one of the `tiers` caches, each at a time that `pick` chooses.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._limits = Invalidations(scheduler.now)
        self._by_reference: dict[str, Invalidation] = {}
        self.evict: Callable[[Sequence[str], int], None] = lambda paths, tier: None
        self.tiers = 0
        self.pick: Callable[[Sequence[float]], float] = lambda choices: choices[0]
        self.invalidations: list[Invalidation] = []

    def create_invalidation(
        self, *, DistributionId: str, InvalidationBatch: Mapping[str, Any]
    ) -> Answer:
        """Accept an invalidation, once for each caller reference, or refuse it."""
        paths = tuple(InvalidationBatch["Paths"]["Items"])
        _raise(self._limits.throttle())
        reference = InvalidationBatch["CallerReference"]
        if known := self._by_reference.get(reference):
            if known.paths != paths:
                message = "The caller reference was used for other paths."
                raise refusal(OPERATION, "InvalidationBatchAlreadyExists", 400, message)
            return self._shown(known)
        _raise(self._limits.refuse(DistributionId, paths))
        name = f"I{len(self.invalidations) + 1}"
        self._limits.begin(name, DistributionId, paths)
        accepted = Invalidation(name, self._scheduler.time, paths)
        self.invalidations.append(accepted)
        self._by_reference[reference] = accepted
        for tier in range(self.tiers):
            self._evict_later(accepted, tier)
        return self._shown(accepted)

    def _evict_later(self, accepted: Invalidation, tier: int) -> None:
        self._scheduler.after(
            self.pick(EVICTION_SECONDS), lambda: self.evict(accepted.paths, tier)
        )

    def _shown(self, found: Invalidation) -> Answer:
        return {"Invalidation": {"Id": found.id, "Status": self._limits.status(found.id)}}


def _raise(refused: Refusal | None) -> None:
    if refused:
        raise refusal(OPERATION, refused.code, 400, refused.message)
