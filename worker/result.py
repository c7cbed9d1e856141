"""The result of one key: the outcome, and what is published and logged about it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.model.completion import Change, Completion
from shared.model.errors import Failure
from shared.model.keys import manifest_key
from shared.model.outcome import Outcome
from worker.forward import Forward
from worker.work import Work

RecordOutcome = Outcome | Failure | Forward


@dataclass(frozen=True, slots=True)
class KeyResult:
    """How the work on one key ended.

    `change` is what to announce to subscribers, None if there is nothing new. `changed_at` is when
    the ledger's entry changed, in seconds since the epoch. `etag`, `recipe` and `version` are
    the entry's, empty if it has none. `rejection` is the failure that a `REJECTED` change
    announces, where it is not the outcome. `purge_due` is since when this result makes a purge
    due, 0 if it makes none due.
    """

    outcome: RecordOutcome
    change: Change | None = None
    changed_at: float = 0.0
    etag: str = ""
    recipe: str = ""
    version: str = ""
    variants: int = 0
    variant_bytes: int = 0
    rejection: Failure | None = None
    purge_due: float = 0.0

    def completion(self, work: Work, bucket: str) -> Completion:
        """Return the event that announces the change; only for a result that has one."""
        assert self.change is not None  # noqa: S101 - the caller checks it
        failure = self.outcome if isinstance(self.outcome, Failure) else self.rejection
        public, removed = self.change.is_public, self.change is Change.REMOVED
        return Completion(
            event=self.change,
            bucket=bucket,
            key=work.key,
            changed_at=datetime.fromtimestamp(self.changed_at, UTC),
            happened_at=work.happened_at,
            etag=None if removed else self.etag or None,
            version=self.version if public else None,
            recipe=None if removed else self.recipe or None,
            variants=self.variants if public else None,
            variant_bytes=self.variant_bytes if public else None,
            manifest=manifest_key(work.key) if public else None,
            cause=failure.cause if failure else None,
            detail=failure.detail if failure else None,
            forwarded_from=None if removed else next(reversed(work.forwarded_from), None),
        )
