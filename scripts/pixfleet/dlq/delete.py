"""Deletes dead letters for good, after each has been copied to a file."""

import json
import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import IO, TYPE_CHECKING

from scripts.pixfleet.dlq.documents import dead_letter_document
from scripts.pixfleet.private_files import open_new
from scripts.pixfleet.stack.dead_letter_scan import Scan
from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from scripts.pixfleet.stack.dead_letters import DeadLetter

# How many messages are written to the disk at a time, before they are deleted.
BATCH_SIZE = 100


def delete_dead_letters(
    scan: Scan, ids: AbstractSet[str], file: IO[bytes], advance: Callable[[int], None]
) -> int:
    """Delete the messages of these ids and return how many; `file` gets each as a line of JSON.

    A message is deleted only after its line is on the disk.
    """
    deleted = 0
    batch: list[DeadLetter] = []

    def delete_batch() -> None:
        nonlocal deleted
        lines = (f"{json.dumps(dead_letter_document(each))}\n" for each in batch)
        file.writelines(line.encode("ascii") for line in lines)
        file.flush()
        os.fsync(file.fileno())
        deleted += len(batch) - scan.delete(batch)
        advance(len(batch))
        batch.clear()

    left = len(ids)
    for dead_letter in scan:
        if dead_letter.id in ids:
            batch.append(dead_letter)
            left -= 1
        if len(batch) >= BATCH_SIZE or not left:
            delete_batch()
        if not left:
            break
    if batch:
        delete_batch()
    return deleted


def create_copy_file(copy: Path) -> IO[bytes]:
    """Open a new file that only its owner can read; `Misconfigured` if it cannot be created."""
    try:
        return open_new(copy)
    except OSError as error:
        raise Misconfigured(
            f"The dead letters cannot be copied to {copy}",
            [f"expected a new file in a folder that exists: {error.strerror}"],
        ) from error
