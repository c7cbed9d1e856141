"""Rejects a source: deletes the variants of the one before, and writes why this one has none."""

from collections.abc import Mapping

from shared.cloud.claims import Claim
from shared.cloud.items import Value
from shared.model.completion import Change
from shared.model.errors import Failure
from shared.model.versions import ENGINE_VERSION
from worker.context import WorkerContext
from worker.due_purge import makes_purge_due
from worker.forward import origin_fields, with_remedy
from worker.observed import Observed
from worker.removal import clear
from worker.result import KeyResult
from worker.work import Work


def reject(
    claim: Claim, failure: Failure, observed: Observed, work: Work, context: WorkerContext
) -> KeyResult:
    """Delete the variants of the former source, and write why this one has none."""
    failure = with_remedy(failure, work.lane)
    clear(claim, context)
    purges = makes_purge_due(claim, context)
    facts = {**_facts(observed), **origin_fields(work)}
    changed_at = context.ledger.reject(claim, failure, facts, purges=purges)
    return KeyResult(
        failure,
        Change.REJECTED,
        changed_at,
        etag=observed.source.etag if observed.source else "",
        recipe=observed.recipe.name if observed.recipe else "",
        purge_due=changed_at if purges else 0.0,
    )


def _facts(observed: Observed) -> Mapping[str, Value]:
    """Return what identifies a rejected source; if any of it changes, it is tried again."""
    facts: dict[str, Value] = {"change": Change.REJECTED.value, "engine": ENGINE_VERSION}
    if recipe := observed.recipe:
        facts |= {"recipe": recipe.name, "fingerprint": recipe.fingerprint}
    if source := observed.source:
        facts |= {
            "etag": source.etag,
            "identity": source.identity,
            "last_modified": source.last_modified,
            "source_bytes": source.size_bytes,
        }
    return facts
