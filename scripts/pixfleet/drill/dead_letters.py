"""The dead letters of a drill among all others, which are given back untouched."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloud.queues import BATCH_SIZE, Queues

# The others are out of reach for so long at most, if this process dies while it holds them.
HOLD_SECONDS = 30
# A queue may answer with nothing though it holds something.
EMPTY_ANSWERS = 3
MOST_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: whose source, why, and the receipt with which it can be deleted."""

    key: str
    cause: str
    receipt: str


class DeadLetters:
    """The dead-letter queue, of which only the letters under one prefix are ours."""

    def __init__(self, queues: Queues, queue: str, prefix: str) -> None:
        self._queues = queues
        self._queue = queue
        self._prefix = prefix

    def take_ours(self) -> list[Letter]:
        """Delete and return our letters; others are held for a moment, then given back.

        Each is held until the round is over, since SQS would hand it out again and again.
        """
        ours: list[Letter] = []
        others: list[Letter] = []
        try:
            self._sort(ours, others)
        finally:
            for letter in others:
                self._queues.put_off(self._queue, letter.receipt, seconds=0)
        return ours

    def _sort(self, ours: list[Letter], others: list[Letter]) -> None:
        empty = 0
        while empty < EMPTY_ANSWERS and len(others) < MOST_LOOKED_AT:
            letters = self._receive()
            empty = 0 if letters else empty + 1
            mine = [letter for letter in letters if letter.key.startswith(self._prefix)]
            others += [letter for letter in letters if letter not in mine]
            if mine:
                self._queues.acknowledge(self._queue, [letter.receipt for letter in mine])
                ours += mine

    def _receive(self) -> Sequence[Letter]:
        raw = self._queues.receive(self._queue, wait_seconds=0, hide_seconds=HOLD_SECONDS)
        return [
            Letter(
                key=_attribute(each, "key"),
                cause=_attribute(each, "cause"),
                receipt=str(each["ReceiptHandle"]),
            )
            for each in raw[:BATCH_SIZE]
        ]


def _attribute(message: object, name: str) -> str:
    attributes = message.get("MessageAttributes", {}) if isinstance(message, dict) else {}
    return str(attributes.get(name, {}).get("StringValue", ""))
