"""Shows dead letters one by one, and carries out what a person decided about each.

The decisions are carried out together at the end: SQS has no call that receives one particular
message, so each redrive or deletion scans the queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from scripts.pixfleet.dlq.decisions import Decision, Decisions
from scripts.pixfleet.dlq.delete import create_copy_file, delete_dead_letters
from scripts.pixfleet.dlq.details import DetailsReader, Facts
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.dlq.redrive import Tally
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.trial import TrialProcessor, TrialResult
from scripts.pixfleet.stack.dead_letters import DeadLetter

# Nobody decides about more in one run; their bodies, up to 1 MiB each, are in memory.
MAX_DEAD_LETTERS = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees of one dead letter.

    `thumbnail` is a file, or None for the reason `why_no_thumbnail`. `trial` is what the worker
    would do now, None if no key is known.
    """

    dead_letter: DeadLetter
    source: Facts
    entry: Facts
    thumbnail: Path | None
    why_no_thumbnail: str
    trial: TrialResult | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done.

    `left` are those that were decided about and are neither sent, refused nor deleted: another
    process has received or removed them. `copy` is the file with each deleted message.
    """

    redrive_id: str = ""
    sent: int = 0
    refused: int = 0
    why_refused: str = ""
    deleted: int = 0
    left: int = 0
    copy: Path | None = None


@dataclass(frozen=True, slots=True)
class Examiner:
    """Reads what is known of dead letters; decodes and renders in the render child only."""

    reader: DetailsReader
    processor: TrialProcessor

    def examine(self, dead_letter: DeadLetter) -> Shown:
        """Return facts, thumbnail and what `dlq try` says about the key of a dead letter."""
        key = dead_letter.key
        if not key:
            return Shown(dead_letter, {}, {}, None, "its body names no key", None)
        source, facts = self.reader.source(key)
        file, why = None, "the source cannot be read"
        if source:
            file, why = self.reader.thumbnail(source, None)
        trial = self.processor.process(key)
        return Shown(dead_letter, facts, self.reader.entry(key), file, why, trial)


def undecided(
    queue: DeadLetterQueue, selection: Selection, decisions: Decisions
) -> Sequence[DeadLetter]:
    """Return the selected dead letters without a decision, at most `MAX_DEAD_LETTERS`.

    They are visible to others again when this returns.
    """
    with queue.scan() as scan:
        found = (each for each in scan if each in selection and each.id not in decisions.made)
        return list(islice(found, MAX_DEAD_LETTERS))


def apply(queue: DeadLetterQueue, decisions: Decisions, copy: Path) -> Applied:
    """Send back and delete what was decided; `copy` is a new file for the deleted messages.

    Those that could not be sent back stay in the dead-letter queue.
    """
    redrive_id, tally, deleted = "", Tally(), 0
    retry, delete = decisions.ids(Decision.RETRY), decisions.ids(Decision.DELETE)
    if retry:
        redriver = queue.redriver(None)
        selection = Selection(ids=tuple(sorted(retry)))
        redrive_id, tally = redriver.id, queue.redrive(redriver, selection, lambda _: None)
    if delete:
        with create_copy_file(copy) as file, queue.scan() as scan:
            deleted = delete_dead_letters(scan, delete, file, lambda _: None)
    return Applied(
        redrive_id=redrive_id,
        sent=tally.sent,
        refused=tally.refused,
        why_refused=tally.why,
        deleted=deleted,
        left=len(retry) + len(delete) - tally.sent - tally.refused - deleted,
        copy=copy if delete else None,
    )
