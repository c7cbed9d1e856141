"""How much is still on its way, by what the queues say of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloud.queues import Queues


@dataclass(frozen=True, slots=True)
class Depths:
    """The lanes and the dead-letter queue. SQS's counts may be a minute late."""

    queues: Queues
    lanes: Sequence[str]
    dead_letter_queue: str

    def on_the_way(self) -> int:
        """Return the messages of all lanes, in somebody's hands or not."""
        return sum(self.queues.depth(lane).all for lane in self.lanes)

    def dead_letters(self) -> int:
        """Return the dead letters that there are."""
        return self.queues.depth(self.dead_letter_queue).all
