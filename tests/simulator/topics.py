"""SNS: keeps what was published."""
# ruff: noqa: N803 - the arguments are boto3's

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.refusals import ACCOUNT, REGION, refusal

MAX_MESSAGE_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Published:
    """One message that was published to a topic."""

    topic_arn: str
    message: str
    attributes: Mapping[str, Mapping[str, str]]


class Topics:
    """All topics; `published` holds their messages, in order."""

    def __init__(self) -> None:
        self._arns: set[str] = set()
        self.published: list[Published] = []

    def create_topic(self, *, Name: str) -> dict[str, Any]:
        """Create a topic, or return the existing one."""
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{Name}"
        self._arns.add(arn)
        return {"TopicArn": arn}

    def publish(
        self,
        *,
        TopicArn: str,
        Message: str,
        MessageAttributes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Record a message."""
        if TopicArn not in self._arns:
            raise refusal("Publish", "NotFound", 404, "Topic does not exist")
        if not Message:
            raise refusal("Publish", "InvalidParameter", 400, "Invalid parameter: Empty message")
        if len(Message.encode()) > MAX_MESSAGE_BYTES:
            message = "Invalid parameter: Message too long"
            raise refusal("Publish", "InvalidParameter", 400, message)
        self.published.append(Published(TopicArn, Message, dict(MessageAttributes or {})))
        return {"MessageId": f"p{len(self.published)}"}
