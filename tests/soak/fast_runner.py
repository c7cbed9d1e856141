"""A runner whose clock runs five times as fast, for the soak's own test.

Leases, deadlines and visibility timeouts become shorter together, so the messages of a killed
runner are visible again within seconds.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from shared.clock import SystemClock
from shared.cloud.queues import Queues
from worker import runner

SPEED = 5


def speed_up() -> None:
    """Change this process; it cannot be undone."""
    receive, delay = Queues.receive, Queues.delay

    def receive_faster(
        queues: Queues, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:  # boto3's shape of a message
        hidden = ceil(hide_seconds / SPEED)
        return receive(queues, queue, wait_seconds=wait_seconds, hide_seconds=hidden)

    def delay_faster(queues: Queues, queue: str, receipt: str, *, seconds: int) -> None:
        delay(queues, queue, receipt, seconds=ceil(seconds / SPEED))

    patched: Any = Queues  # only this process is changed
    patched.receive, patched.delay = receive_faster, delay_faster
    clock: Any = SystemClock
    clock.now = lambda _self: time.time() * SPEED


if __name__ == "__main__":
    speed_up()
    sys.exit(runner.main())
