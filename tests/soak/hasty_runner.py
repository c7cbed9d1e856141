"""The runner in a hurry, for the soak's own test: its seconds pass five times as fast.

Leases, deadlines and what is hidden shrink together, so that what a killed runner held comes back
within seconds and everything else is as it is.
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


def hurry() -> None:
    """Change this process for good."""
    receive, delay = Queues.receive, Queues.delay

    def receive_hastily(
        queues: Queues, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:  # boto3's shape of a message
        hidden = ceil(hide_seconds / SPEED)
        return receive(queues, queue, wait_seconds=wait_seconds, hide_seconds=hidden)

    def delay_hastily(queues: Queues, queue: str, receipt: str, *, seconds: int) -> None:
        delay(queues, queue, receipt, seconds=ceil(seconds / SPEED))

    patched: Any = Queues  # it is this process's own
    patched.receive, patched.delay = receive_hastily, delay_hastily
    clock: Any = SystemClock
    clock.now = lambda _self: time.time() * SPEED


if __name__ == "__main__":
    hurry()
    sys.exit(runner.main())
