"""Checks the guarantee of one writer per key at every write of a public object."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.simulator.calls import Call, Observer, ledger_key, written
from tests.simulator.scheduler import Process
from tests.simulator.services import TABLE, VARIANTS, Services

# A process's clock is off the true time by half the skew that the worker allows, at most.
MOST_OFFSET_SECONDS = 7.5
# After these, a queue may have a message to receive sooner.
WAKING = ("send_message", "change_message_visibility", "change_message_visibility_batch")


class TwoWriters(AssertionError):
    """An object was written by a worker that did not hold the claim of its key."""


class OneWriterPerKey(Observer):
    """Records `TwoWriters` instead of raising it, as the worker could catch it; counts claims."""

    def __init__(self, services: Services, counts: Counter[str]) -> None:
        self._services = services
        self._counts = counts
        self._owners: dict[str, Process] = {}
        self._before: Mapping[str, Any] = {}
        self.broken: list[TwoWriters] = []

    def before(self, call: Call) -> None:
        """Check that the writer holds the claim."""
        if key := ledger_key(call):
            self._before = self._item(key)
        elif call.service == "s3" and call.arguments["Bucket"] == VARIANTS:
            for stored in written(call):
                self._check(call.process, stored)
            self._counts["copied"] += call.operation == "copy_object"

    def after(self, call: Call) -> None:
        """Record which process has claimed the key."""
        signal = self._services.signals.get(call.arguments.get("QueueUrl", ""))
        if signal and call.operation in WAKING:
            signal.notify()
        key = ledger_key(call)
        if not key:
            return
        before, item = self._before, self._item(key)
        former, token = _text(before, "claim_token"), _text(item, "claim_token")
        if token:
            self._owners.setdefault(token, call.process)
        if token and former and token != former:
            self._counts["take-over"] += 1
        if former and not token and _text(before, "claim_kind"):
            self._counts["renderer's claim ended"] += 1
        elif former and not token:
            ended = "let go" if "may_store" in item else _text(item, "status") or "withdrawn"
            self._counts[ended] += 1

    def _check(self, process: Process, stored: str) -> None:
        key = stored.partition("/")[2].rpartition("/")[0]
        item = self._item(key)
        # A released claim still blocks others for a while, because of such writes.
        token = _text(item, "claim_token") or _text(item, "done_token")
        owner = self._owners.get(token) if "lease_until" in item else None
        if owner is not process:
            held = f"{owner.name} holds it" if owner else "nobody holds it"
            wrong = f"{process.name} writes {stored} without the claim: {held}."
            self.broken.append(TwoWriters(wrong))
            return
        left = float(item["lease_until"]["N"]) - self._services.scheduler.time
        if left <= MOST_OFFSET_SECONDS:
            wrong = (
                f"{process.name} writes {stored} when others may take its lease to be over:"
                f" {left:.2f} s are left of it, and clocks may be {MOST_OFFSET_SECONDS} s fast."
            )
            self.broken.append(TwoWriters(wrong))

    def _item(self, key: str) -> Mapping[str, Any]:
        answer = self._services.tables.get_item(TableName=TABLE, Key={"key": {"S": key}})
        item: Mapping[str, Any] = answer.get("Item", {})
        return item


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
