"""SNS: publishes that a source was completed, replaced, rejected or removed."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shared.cloud.calls import Calls
from shared.deadline import Deadline
from shared.model.completion import Completion

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class Topic:
    """One standard topic."""

    sns: "SNSClient"
    calls: Calls
    arn: str

    def within(self, deadline: Deadline) -> "Topic":
        """Return the same topic for work that must end by the deadline."""
        return replace(self, calls=self.calls.within(deadline))

    def publish(self, completion: Completion) -> None:
        """Publish one event; a repeated one has the same id, by which subscribers can drop it.

        A key has at most 1,024 bytes and a detail 500 characters, so a document stays under 32 KB.
        SNS accepts 256 KB: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
        """
        self.calls.attempt(
            lambda: self.sns.publish(
                TopicArn=self.arn,
                Message=completion.document(),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in completion.attributes.items()
                },
            ),
            stage="announce",
        )
