"""How full the queues are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.operator.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Fill:
    """How many messages a queue holds, as well as SQS knows.

    `in_flight` are in a worker's hands or put off until their next try.
    """

    waiting: int
    in_flight: int
    delayed: int

    @property
    def all(self) -> int:
        """Return how many it holds in all."""
        return self.waiting + self.in_flight + self.delayed


def fill_of(sqs: "SQSClient", queue: str) -> Fill:
    """Return how full a queue is."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    told = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return Fill(
        waiting=int(told["ApproximateNumberOfMessages"]),
        in_flight=int(told["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(told["ApproximateNumberOfMessagesDelayed"]),
    )


def fill_of_lanes(sqs: "SQSClient", stack: Stack) -> dict[str, Fill]:
    """Return how full each lane is."""
    return {name: fill_of(sqs, lane.queue) for name, lane in stack.lanes.items()}
