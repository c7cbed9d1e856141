"""The JSON documents of `pixfleet dlq`: their keys are read by machines and stay as they are."""

from collections.abc import Mapping

from scripts.pixfleet.dlq.groups import Group, Groups
from scripts.pixfleet.dlq.sampling import CauseTrials, Trial
from scripts.pixfleet.dlq.status import RedriveStatus
from scripts.pixfleet.stack.dead_letter_scan import Coverage
from scripts.pixfleet.stack.dead_letters import DeadLetter

Document = Mapping[str, object]


def dead_letter_document(dead_letter: DeadLetter) -> Document:
    """Return a dead letter with all its attributes and its body."""
    return {
        "id": dead_letter.id,
        "sent_at": dead_letter.sent_at and dead_letter.sent_at.isoformat(),
        "cause": dead_letter.cause,
        "keys": dead_letter.keys,
        "attributes": dict(dead_letter.message.attributes),
        "body": dead_letter.message.body,
    }


def groups_document(found: Groups) -> Document:
    """Return the groups, and whether all messages of the queue are in them."""
    return {
        "queue": found.coverage.queue,
        "letters": found.total,
        "of_drills": found.of_drills,
        **coverage_document(found.coverage),
        "groups": [_group_document(group) for group in found.groups],
    }


def coverage_document(coverage: Coverage) -> Document:
    """Return how far a scan has looked."""
    return {
        "complete": coverage.is_complete,
        "read": coverage.read,
        "reported": coverage.reported,
        "in_flight": coverage.in_flight,
    }


def trial_document(trial: Trial) -> Document:
    """Return what would happen to a key; `was` is the cause of its dead letter."""
    result = trial.result
    return {
        "key": result.key,
        "was": trial.cause,
        "would": result.outcome.value,
        "variants": result.variants,
        "variant_bytes": result.variant_bytes,
        "seconds": result.seconds,
        "recipe": result.recipe,
        "cause": result.cause,
        "detail": result.detail,
    }


def cause_document(of_cause: CauseTrials) -> Document:
    """Return what the trials of a cause allow to do with all of its dead letters."""
    return {
        "cause": of_cause.cause,
        "keys": of_cause.total,
        "tried": len(of_cause.results),
        "next": of_cause.next_step.value,
    }


def status_document(redrive_id: str, status: RedriveStatus) -> Document:
    """Return what became of the messages of a redrive."""
    return {
        "redrive_id": redrive_id,
        "letters": status.total,
        "fixed": status.fixed,
        "dead": status.dead,
        "waiting": status.waiting,
        "examples": status.examples,
        "lanes_are_quiet": status.lanes_are_empty,
    }


def _group_document(group: Group) -> Document:
    example = group.example
    return {
        "cause": group.cause,
        "count": group.count,
        "fixed_by": group.facts.fixed_by.value,
        "redrive_helps": group.facts.redrive_helps.value,
        "first_seen": group.first_sent and group.first_sent.isoformat(),
        "last_seen": group.last_sent and group.last_sent.isoformat(),
        "example": example and {"id": example.id, "key": example.key},
    }
