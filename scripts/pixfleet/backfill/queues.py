"""Counts the messages of a run's queues."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloud.queues import Queues


@dataclass(frozen=True, slots=True)
class Depths:
    """The lanes and the dead-letter queue. SQS's counts may be a minute late."""

    queues: Queues
    lanes: Sequence[str]
    dead_letter_queue: str

    def in_lanes(self) -> int:
        """Return the number of messages in all lanes, visible or not."""
        return sum(self.queues.depth(lane).all for lane in self.lanes)

    def dead_letters(self) -> int:
        """Return the number of dead letters."""
        return self.queues.depth(self.dead_letter_queue).all
