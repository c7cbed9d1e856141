"""Lists dead letters as failed images, the newest first."""

from collections.abc import Callable
from datetime import UTC, datetime

from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.stack.causes import facts_of
from scripts.pixfleet.stack.dead_letter_scan import Coverage
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.failed_images import FailedImage

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def list_dead_letters(
    queue: DeadLetterQueue, selection: Selection, advance: Callable[[int], None] = lambda _: None
) -> tuple[list[FailedImage], Coverage]:
    """Return a failed image for each selected dead letter and key, and how far the scan looked.

    If a body cannot be read, the key is that of the attributes, or empty. Size and owner are left
    to `failed_images.SourceFacts`. `advance` gets how many more dead letters were read.
    """
    images: list[FailedImage] = []
    with queue.scan() as scan:
        for dead_letter in scan:
            advance(1)
            if dead_letter in selection:
                images += images_of(dead_letter, selection.prefix)
    images.sort(key=lambda each: (each.at or LONG_AGO, each.key), reverse=True)
    return images, scan.coverage


def images_of(dead_letter: DeadLetter, prefix: str = "") -> list[FailedImage]:
    """Return a failed image for each key of a dead letter that begins with the prefix."""
    return [
        FailedImage(
            key=key,
            cause=dead_letter.cause,
            fixed_by=facts_of(dead_letter.cause).fixed_by,
            at=dead_letter.sent_at,
            detail=dead_letter.detail,
            message_id=dead_letter.id,
        )
        for key in dead_letter.keys or (dead_letter.key,)
        if key.startswith(prefix)
    ]
