"""How much is still on its way, by what the queues say of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.cloud.faults import attempt

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

ON_THE_WAY: "Sequence[QueueAttributeNameType]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Depths:
    """The lanes and the dead-letter queue. SQS's counts may be a minute late."""

    sqs: "SQSClient"
    lanes: Sequence[str]
    dead_letter_queue: str
    _urls: dict[str, str] = field(default_factory=dict)

    def on_the_way(self) -> int:
        """Return the messages of all lanes, in somebody's hands or not."""
        return sum(self._depth(queue) for queue in self.lanes)

    def dead_letters(self) -> int:
        """Return the dead letters that there are."""
        return self._depth(self.dead_letter_queue)

    def _depth(self, queue: str) -> int:
        if queue not in self._urls:
            found = attempt(lambda: self.sqs.get_queue_url(QueueName=queue), stage="queue")
            self._urls[queue] = found["QueueUrl"]
        answer = attempt(
            lambda: self.sqs.get_queue_attributes(
                QueueUrl=self._urls[queue], AttributeNames=ON_THE_WAY
            ),
            stage="queue",
        )
        return sum(int(answer["Attributes"].get(name, "0")) for name in ON_THE_WAY)
