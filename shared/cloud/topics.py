"""SNS: tells subscribers of completed, replaced, rejected and removed sources."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.cloud.errors import attempt
from shared.model.completion import Completion

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class Topic:
    """One standard topic. Where none is configured there is none of these, either."""

    sns: "SNSClient"
    arn: str

    def publish(self, completion: Completion) -> None:
        """Publish one event; a repeated one has the same id, and subscribers drop it by that.

        A key has 1,024 bytes and a detail 500 characters, so that a document stays under 32 KB of
        the 256 that SNS takes. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
        """
        attempt(
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
