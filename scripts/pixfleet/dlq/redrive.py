"""Sends dead letters back to their lanes, each with the redrive's id.

SQS's own redrive (StartMessageMoveTask) cannot select messages. Each message is recorded, then
sent, then deleted. A process that is killed in between leaves a message in both queues. That does
no harm: a message only hints at a key, and processing a key twice gives the same result.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from scripts.pixfleet.dlq.records import Records
from scripts.pixfleet.dlq.selection import Selected
from scripts.pixfleet.rate_limit import RateLimiter
from scripts.pixfleet.stack.dead_letter_scan import Scan
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.ssm_parameter import LIVE, Stack
from shared.cloud.queues import Queues
from shared.model.errors import Failure, Unknown

# The most messages in one part of the record; their bodies, up to 1 MiB each, are in memory.
PART_MESSAGES = 100
PART_CHARS = 4 * 1024 * 1024
SENDERS = 10


@dataclass(slots=True)
class Tally:
    """What a redrive has done so far.

    `refused` messages could not be sent and stay in the dead-letter queue, the last one for the
    reason `why`; `kept_twice` were sent, but SQS refused to delete them.
    """

    sent: int = 0
    kept_twice: int = 0
    refused: int = 0
    why: str = ""


@dataclass
class Redriver:
    """One redrive.

    It sends message by message, not in batches: each failure belongs to one message, and a message
    near SQS's size limit can be sent again with fewer attributes.
    """

    id: str
    stack: Stack
    queues: Queues
    records: Records
    rate_limiter: RateLimiter
    tally: Tally = field(default_factory=Tally)
    _parts: int = 0

    def run(self, scan: Scan, selection: Selected, advance: Callable[[int], None]) -> Tally:
        """Send the selected messages and delete them; `advance` gets the size of each part.

        A message that failed again after this redrive is not sent again: that might never end.
        """
        part: list[DeadLetter] = []
        # Ctrl-C waits until a part has been sent: about a second at a limited rate.
        part_messages = self.rate_limiter.limit.batch_size(PART_MESSAGES)
        with ThreadPoolExecutor(SENDERS) as threads:
            for dead_letter in self._selected(scan, selection):
                part.append(dead_letter)
                chars = sum(len(each.message.body) for each in part)
                if len(part) >= part_messages or chars >= PART_CHARS:
                    self._send_part(part, scan, threads)
                    advance(len(part))
                    part = []
            if part:
                self._send_part(part, scan, threads)
                advance(len(part))
        return self.tally

    def _selected(self, scan: Scan, selection: Selected) -> Iterable[DeadLetter]:
        for dead_letter in scan:
            if dead_letter in selection and dead_letter.redrive_id != self.id:
                yield dead_letter
                if selection.is_complete:
                    return

    def _send_part(self, part: Sequence[DeadLetter], scan: Scan, threads: Executor) -> None:
        self._parts += 1
        self.records.add_part(self.id, self._parts, part)
        sending = [self._submit(dead_letter, scan, threads) for dead_letter in part]
        failures = [each.result() for each in sending]
        sent = [each for each, failure in zip(part, failures, strict=True) if not failure]
        self.tally.sent += len(sent)
        for failure in filter(None, failures):
            self.tally.refused += 1
            self.tally.why = str(failure)
        self.tally.kept_twice += scan.delete(sent)

    def _submit(
        self, dead_letter: DeadLetter, scan: Scan, threads: Executor
    ) -> "Future[Failure | None]":
        """Wait until the rate limit allows another message, then send it in a thread."""
        self.rate_limiter.wait()
        scan.renew()
        return threads.submit(self._send, dead_letter)

    def _send(self, dead_letter: DeadLetter) -> Failure | None:
        attributes = replace(dead_letter.attributes, redrive_id=self.id)
        lane, body = lane_for(dead_letter, self.stack), dead_letter.message.body
        try:
            try:
                self.queues.send(lane, body, attributes.encode())
            except Unknown:
                # With one more attribute the message may be longer than SQS allows.
                self.queues.send(lane, body, attributes.encode_minimal())
        except Failure as failure:
            return failure
        return None


def lane_for(dead_letter: DeadLetter, stack: Stack) -> str:
    """Return the queue that a dead letter came from; if that is unknown, the lane of its key."""
    lanes = {lane.queue for lane in stack.lanes.values()}
    if dead_letter.source_queue in lanes:
        return dead_letter.source_queue
    name = stack.lane_of(dead_letter.key)
    return stack.lanes[name if name in stack.lanes else LIVE].queue
