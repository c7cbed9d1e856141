"""What one log line tells of one piece of work: who, what became of it, where the time went."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from shared.clock import Clock
from shared.model.completion import Change, Completion, seconds_between
from shared.model.entry import Entry
from shared.model.errors import Failure
from shared.model.keys import manifest_key
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe
from shared.model.source import Source
from worker.work import Work

log = structlog.get_logger()


@dataclass(slots=True)
class RecordLog:
    """Collects facts along the way; each lap is the time since the one before, in seconds.

    `change` is what subscribers are to be told of, none where there is nothing new.
    """

    work: Work
    clock: Clock
    source: Source | None = None
    recipe: Recipe | None = None
    change: Change | None = None
    version: str = ""
    variants: int = 0
    variant_bytes: int = 0
    changed_at: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)
    began_at: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self.began_at = self._last = self.clock.now()

    def add_timing(self, name: str) -> None:
        """Note how long the part of the work that ends now has taken."""
        now = self.clock.now()
        self.timings[f"{name}_seconds"] = round(now - self._last, 3)
        self._last = now

    def remember(self, entry: Entry) -> None:
        """Take from the ledger what was done before.

        And tell of it once more, if it was done for the same messages: their worker may have died
        before it told anybody.
        """
        self.version, self.changed_at = entry.version, entry.updated_at
        self.variants, self.variant_bytes = len(entry.stored), entry.variant_bytes
        if entry.change and self.work.answers_for(entry):
            self.change = Change(entry.change)

    def elapsed_seconds(self) -> float:
        """Return the time since the story began."""
        return self.clock.now() - self.began_at

    def log_outcome(self, outcome: Outcome | Failure) -> None:
        """Write the line, whose figures are the metrics of this work too: see docs/metrics.md."""
        if isinstance(outcome, Outcome):
            log.info("image settled", **self.fields(), **self._success(outcome))
            return
        event = "image rejected" if outcome.is_permanent else "image put off"
        log.warning(event, **self.fields(), **failure_fields(outcome))

    def fields(self) -> dict[str, object]:
        """Return what is known however the work ended."""
        facts: dict[str, object] = {
            "key": self.work.key,
            "lane": self.work.lane,
            "receive_count": self.work.receives,
            "message_ids": list(self.work.message_ids),
            "request_id": self.work.request_id,
        }
        if self.source:
            facts |= {"etag": self.source.etag, "source_bytes": self.source.size_bytes}
        if self.recipe:
            facts["recipe"] = self.recipe.name
        return {**facts, **self.timings, "total_seconds": round(self.elapsed_seconds(), 3)}

    def completion(self, outcome: Outcome | Failure, bucket: str) -> Completion:
        """Return the change as subscribers are told of it."""
        assert self.change is not None  # noqa: S101 - else there is nothing to tell
        failure = outcome if isinstance(outcome, Failure) else None
        public, removed = self.change.is_public, self.change is Change.REMOVED
        return Completion(
            event=self.change,
            bucket=bucket,
            key=self.work.key,
            changed_at=datetime.fromtimestamp(self.changed_at, UTC),
            happened_at=self.work.happened_at,
            etag=self.source.etag if self.source and not removed else None,
            version=self.version if public else None,
            recipe=self.recipe.name if self.recipe and not removed else None,
            variants=self.variants if public else None,
            variant_bytes=self.variant_bytes if public else None,
            manifest=manifest_key(self.work.key) if public else None,
            cause=failure.cause if failure else None,
            detail=failure.detail if failure else None,
        )

    def _success(self, outcome: Outcome) -> dict[str, object]:
        fields: dict[str, object] = {"outcome": outcome.value, "images": 1}
        if outcome is not Outcome.MADE:
            return fields
        fields |= {"variants": self.variants, "variant_bytes": self.variant_bytes}
        if self.work.happened_at:
            changed_at = datetime.fromtimestamp(self.changed_at, UTC)
            fields["complete_seconds"] = seconds_between(self.work.happened_at, changed_at)
        return fields


def failure_fields(failure: Failure) -> dict[str, object]:
    """Return what a log line says of a failure, wherever it is written."""
    fields: dict[str, object] = {
        "cause": failure.cause.value,
        "stage": failure.stage,
        "detail": failure.detail,
        "failures": 1,
    }
    if failure.is_permanent:
        fields["rejections"] = 1
    return fields
