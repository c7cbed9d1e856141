"""Invokes the handler once: the event is on stdin, the answer is the last line of stdout."""

import json
import sys
from dataclasses import dataclass

from worker.batch import handler


@dataclass(slots=True)
class Context:
    """The part of Lambda's context that the handler uses, with a constant remaining time."""

    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    seconds: int = 60

    def get_remaining_time_in_millis(self) -> int:
        return 1000 * self.seconds


if __name__ == "__main__":
    answer = handler(json.load(sys.stdin), Context())
    sys.stdout.flush()
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
