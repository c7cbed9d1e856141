"""Deletes dead letters for good, after each has been copied to a file."""

import json
import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path

from scripts.pixfleet.stack.dead_letter_scan import Scan
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.model.errors import Misconfigured

# So many letters are on the disk before they are deleted.
BATCH_LETTERS = 100


def drop(sweep: Scan, ids: AbstractSet[str], copy: Path, advance: Callable[[int], None]) -> int:
    """Delete the letters of these ids and return how many; `copy` gets each as a line of JSON.

    A line is on the disk before its letter is deleted.
    """
    dropped = 0
    batch: list[DeadLetter] = []
    with copy.open("a", encoding="ascii") as file:

        def finish() -> None:
            nonlocal dropped
            file.writelines(f"{json.dumps(document(letter))}\n" for letter in batch)
            file.flush()
            os.fsync(file.fileno())
            dropped += len(batch) - sweep.delete(batch)
            advance(len(batch))
            batch.clear()

        left = len(ids)
        for letter in sweep:
            if letter.id in ids:
                batch.append(letter)
                left -= 1
            if len(batch) >= BATCH_LETTERS or not left:
                finish()
            if not left:
                break
        if batch:
            finish()
    return dropped


def reserve(copy: Path) -> None:
    """Make the empty file; `Misconfigured` if it is there already or cannot be."""
    try:
        copy.open("x").close()
    except OSError as error:
        raise Misconfigured(
            f"The letters cannot be copied to {copy}",
            [f"expected a new file in a folder that exists: {error.strerror}"],
        ) from error


def document(letter: DeadLetter) -> dict[str, object]:
    """Return a letter as JSON has it: all that SQS knew of it."""
    return {
        "id": letter.id,
        "sent_at": letter.sent_at and letter.sent_at.isoformat(),
        "cause": letter.cause,
        "keys": letter.keys,
        "attributes": dict(letter.message.attributes),
        "body": letter.message.body,
    }
