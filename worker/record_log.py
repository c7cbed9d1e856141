"""The one log line of one piece of work: its identity, its outcome, where the time went."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from shared.clock import Clock
from shared.model.completion import seconds_between
from shared.model.errors import Failure
from shared.model.manifest import StoredVariant
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe
from shared.model.reductions import Reduction
from shared.model.source import Source
from worker.forward import Forward
from worker.result import KeyResult
from worker.work import Work

log = structlog.get_logger()


@dataclass(slots=True)
class RecordLog:
    """Collects the identity of the work and its timings; nothing is decided by it.

    Each timing is the time since the one before, in seconds.
    """

    work: Work
    clock: Clock
    source: Source | None = None
    recipe: Recipe | None = None
    timings: dict[str, float] = field(default_factory=dict)
    slow_downs: int = 0
    reductions: dict[str, object] = field(default_factory=dict)
    began_at: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self.began_at = self._last = self.clock.now()

    def add_timing(self, name: str) -> None:
        """Note how long the part of the work that ends now has taken."""
        now = self.clock.now()
        self.timings[f"{name}_seconds"] = round(now - self._last, 3)
        self._last = now

    def note_reduction(self, reduction: Reduction, variants: Sequence[StoredVariant]) -> None:
        """Note what the limits took: movement, pixels, or the codecs of some slots."""
        limited = sorted(f"{each.variant}.{each.slot}" for each in variants if each.limit)
        noted = {
            "still": reduction.still,
            "most_pixels": reduction.most_pixels,
            "plainer_slots": limited,
        }
        self.reductions = {name: value for name, value in noted.items() if value}

    def elapsed_seconds(self) -> float:
        """Return the time since the work began."""
        return self.clock.now() - self.began_at

    def log_outcome(self, result: KeyResult) -> None:
        """Write the line; its numbers are the metrics of this work too: see docs/metrics.md."""
        outcome = result.outcome
        if isinstance(outcome, Outcome):
            log.info("image done", **self.fields(), **self._success(outcome, result))
            return
        if isinstance(outcome, Forward):
            log.info("image forwarded", **self.fields(), **_forward_fields(outcome))
            return
        event = "image rejected" if outcome.is_permanent else "image delayed"
        log.warning(event, **self.fields(), **failure_fields(outcome))

    def fields(self) -> dict[str, object]:
        """Return the fields that every line about this work has."""
        facts: dict[str, object] = {
            "key": self.work.key,
            "lane": self.work.lane,
            "receive_count": self.work.receives,
            "message_ids": list(self.work.message_ids),
            "request_id": self.work.request_id,
        }
        if self.work.forwarded_from:
            facts["forwarded_from"] = self.work.forwarded_from[-1]
        if self.source:
            facts |= {"etag": self.source.etag, "source_bytes": self.source.size_bytes}
        if self.recipe:
            facts["recipe"] = self.recipe.name
        if self.slow_downs:
            facts["slow_downs"] = self.slow_downs
        return {**facts, **self.timings, "total_seconds": round(self.elapsed_seconds(), 3)}

    def _success(self, outcome: Outcome, result: KeyResult) -> dict[str, object]:
        fields: dict[str, object] = {"outcome": outcome.value, "images": 1}
        if outcome is not Outcome.MADE:
            return fields
        fields |= {"variants": result.variants, "variant_bytes": result.variant_bytes}
        fields |= self.reductions
        if self.work.happened_at:
            changed_at = datetime.fromtimestamp(result.changed_at, UTC)
            fields["complete_seconds"] = seconds_between(self.work.happened_at, changed_at)
        return fields


def _forward_fields(forward: Forward) -> dict[str, object]:
    """Return the fields of a forwarded key; it is no failure, and counts as none."""
    return {
        "forwarded_to": forward.lane,
        "cause": forward.why.cause.value,
        "stage": forward.why.stage,
        "detail": forward.why.detail,
        "forwards": 1,
    }


def failure_fields(failure: Failure) -> dict[str, object]:
    """Return the fields of a failure, the same in every log line."""
    fields: dict[str, object] = {
        "cause": failure.cause.value,
        "stage": failure.stage,
        "detail": failure.detail,
        "failures": 1,
    }
    if failure.is_permanent:
        fields["rejections"] = 1
    return fields
