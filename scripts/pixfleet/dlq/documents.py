"""The JSON documents of `pixfleet dlq`: their keys are read by machines and stay as they are."""

from collections.abc import Mapping, Sequence

from scripts.pixfleet.dlq.groups import Group
from scripts.pixfleet.dlq.status import RedriveStatus
from scripts.pixfleet.dlq.trial import TrialResult
from scripts.pixfleet.stack.dead_letter_scan import Scan
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


def groups_document(groups: Sequence[Group], scan: Scan) -> Document:
    """Return the groups, and whether all messages of the queue are in them."""
    return {
        "queue": scan.queue,
        "letters": sum(group.count for group in groups),
        "complete": not scan.is_cut_short,
        "in_flight": scan.depth.in_flight,
        "groups": [_group_document(group) for group in groups],
    }


def trial_document(result: TrialResult) -> Document:
    """Return what would happen to a key."""
    return {
        "key": result.key,
        "would": result.outcome.value,
        "variants": result.variants,
        "variant_bytes": result.variant_bytes,
        "seconds": result.seconds,
        "recipe": result.recipe,
        "cause": result.cause,
        "detail": result.detail,
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
        "first_seen": group.first_sent and group.first_sent.isoformat(),
        "last_seen": group.last_sent and group.last_sent.isoformat(),
        "example": example and {"id": example.id, "key": example.key},
    }
