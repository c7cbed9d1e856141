"""The completion event, through SNS and into a subscriber's queue."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber

from shared.cloud.clients import Clients, build_announcer
from shared.cloud.topics import Topic
from shared.model.completion import Change, Completion
from shared.model.errors import AccessDenied, Cause, Failure, StorageUnavailable, Throttled
from tests.support.fakes import ONE_ATTEMPT, unbounded_calls
from worker.policy import CALL_LIMITS

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

pytestmark = pytest.mark.functional

CHANGED_AT = datetime(2024, 5, 4, 12, 0, 0, tzinfo=UTC)
AWKWARD = 'f/\x01\x0b\x1b\x7f\x85\u2028\uffff"\\<&>é🐈\n.jpg'
COMPLETE = Completion(
    event=Change.COMPLETE,
    bucket="photos",
    key=AWKWARD,
    changed_at=CHANGED_AT,
    recipe="responsive",
    variants=3,
)


@pytest.fixture(name="sns")
def _sns(clients: Clients) -> "SNSClient":
    """Return a client of the same AWS as the other clients."""
    region = clients.sqs.meta.region_name
    return build_announcer(CALL_LIMITS, f"arn:aws:sns:{region}:123456789012:any", connections=1)


@pytest.fixture(name="topic")
def _topic(sns: "SNSClient") -> Topic:
    return Topic(sns, unbounded_calls(), sns.create_topic(Name="completions")["TopicArn"])


def subscribe(clients: Clients, topic: Topic, queue: str, **attributes: str) -> str:
    """Subscribe a new queue to a topic, as the message itself, and return its URL."""
    url = clients.sqs.create_queue(QueueName=queue)["QueueUrl"]
    topic.sns.subscribe(
        TopicArn=topic.arn,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        Attributes={"RawMessageDelivery": "true", **attributes},
    )
    return url


def bodies(clients: Clients, url: str) -> list[dict[str, object]]:
    answer = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_a_subscriber_gets_the_event_whatever_the_key_is(clients: Clients, topic: Topic) -> None:
    url = subscribe(clients, topic, "subscriber")

    topic.publish(COMPLETE)

    (body,) = bodies(clients, url)
    assert body == json.loads(COMPLETE.document())
    assert body["key"] == AWKWARD


def test_a_subscriber_chooses_by_attributes(clients: Clients, topic: Topic) -> None:
    policy = json.dumps({"event": ["rejected"], "cause": ["truncated", "corrupt"]})
    url = subscribe(clients, topic, "editors", FilterPolicy=policy)
    rejected = Completion(
        event=Change.REJECTED,
        bucket="photos",
        key="a.jpg",
        changed_at=CHANGED_AT,
        cause=Cause.CORRUPT,
        detail="Expected pixels.",
    )

    topic.publish(COMPLETE)
    topic.publish(rejected)

    assert [body["event"] for body in bodies(clients, url)] == ["rejected"]


def test_a_repeated_completion_has_the_same_id(clients: Clients, topic: Topic) -> None:
    url = subscribe(clients, topic, "subscriber")

    for _ in range(2):
        topic.publish(COMPLETE)

    first, second = bodies(clients, url)
    assert first["id"] == second["id"]


def test_the_client_speaks_to_the_region_of_the_topic(clients: Clients) -> None:
    assert clients.sqs.meta.region_name == "us-east-1"

    sns = build_announcer(CALL_LIMITS, "arn:aws:sns:eu-central-1:123456789012:done", connections=1)

    assert sns.meta.region_name == "eu-central-1"


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("AuthorizationErrorException", AccessDenied),
        ("InternalErrorException", StorageUnavailable),
        ("InvalidSecurityException", AccessDenied),
        ("KMSAccessDeniedException", AccessDenied),
        ("KMSDisabledException", AccessDenied),
        ("KMSInvalidStateException", AccessDenied),
        ("KMSNotFoundException", AccessDenied),
        ("KMSOptInRequired", AccessDenied),
        ("KMSThrottlingException", Throttled),
        ("NotFoundException", StorageUnavailable),
        ("ThrottledException", Throttled),
    ],
)
def test_what_sns_refuses_is_translated(topic: Topic, shape: str, kind: type[Failure]) -> None:
    error = topic.sns.meta.service_model.shape_for(shape).metadata["error"]

    stub = Stubber(topic.sns)
    stub.add_client_error("publish", error["code"], http_status_code=error["httpStatusCode"])

    with stub, pytest.raises(kind) as caught:
        replace(topic, calls=ONE_ATTEMPT).publish(COMPLETE)

    assert type(caught.value) is kind
    assert caught.value.stage == "announce"


def test_trouble_that_passes_is_outlasted(topic: Topic) -> None:
    with Stubber(topic.sns) as stub:
        stub.add_client_error("publish", "InternalError", http_status_code=500)
        stub.add_client_error("publish", "Throttled", http_status_code=429)
        stub.add_response("publish", {"MessageId": "m1"})

        topic.publish(COMPLETE)

        stub.assert_no_pending_responses()
