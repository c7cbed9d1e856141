"""Checks that every key whose picture was taken away is sent to the purge queue afterwards."""

from collections import defaultdict

from shared.cloud.finish import PURGE_DUE_SECONDS
from shared.events import purge
from tests.simulator.calls import Call, Observer, ledger_key
from tests.simulator.observer import MOST_OFFSET_SECONDS
from tests.simulator.services import PURGE, TABLE, Services

DUE = "purge_due"


class Purges(Observer):
    """Records messages to the purge queue, and what stops being due without one in `lost`.

    After `PURGE_DUE_SECONDS`, nothing is cached that was taken away.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due = 0.0
        self._sent_at: dict[str, list[float]] = defaultdict(list)
        self.lost: list[str] = []

    def before(self, call: Call) -> None:
        """Look at the entry that a call writes."""
        if key := ledger_key(call):
            self._due = self._due_of(key)

    def after(self, call: Call) -> None:
        """Check a purge that is not due any more, or record a message."""
        now = self._services.scheduler.time
        if key := ledger_key(call):
            due = self._due
            is_old = now - due > PURGE_DUE_SECONDS - MOST_OFFSET_SECONDS
            if due and not self._due_of(key) and not is_old and not self._is_sent(key, due):
                self.lost.append(f"{key}: the purge that was due since {due} is not sent")
        elif call.operation == "send_message" and call.arguments["QueueUrl"] == PURGE:
            request = purge.read(call.arguments["MessageBody"])
            self._sent_at[request.key].append(now)

    @property
    def count(self) -> int:
        """Return how many messages were sent."""
        return sum(map(len, self._sent_at.values()))

    def _is_sent(self, key: str, due: float) -> bool:
        """Return whether a message was sent since a time of a clock that may be fast."""
        return any(sent >= due - MOST_OFFSET_SECONDS for sent in self._sent_at[key])

    def _due_of(self, key: str) -> float:
        item = self._services.tables.items(TABLE).get(key, {})
        return float(item[DUE]["N"]) if DUE in item else 0.0
