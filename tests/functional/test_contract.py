"""What we say to AWS and hear from it, against the service models that botocore ships."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore.model import OperationModel, ServiceModel, StructureShape

from shared.clock import SystemClock
from shared.cloud import errors as faults
from shared.cloud.clients import Clients, build_announcer
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects, WatermarkFile
from shared.cloud.queues import Queues
from shared.cloud.source_requests import list_encrypted_source
from shared.cloud.topics import Topic
from shared.model.codec import Codec
from shared.model.completion import Change, Completion
from shared.model.errors import Corrupt
from shared.model.recipe import Recipe, Slot, Variant
from tests.functional.conftest import DEAD, SOURCES, TABLE, VARIANTS
from tests.support.fakes import AMPLE, unbounded_calls
from worker.policy import CALL_LIMITS

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

pytestmark = pytest.mark.functional

# Every call that the worker may make, with its arguments: what the worker's role must allow.
SAID: Mapping[str, set[str]] = {
    "s3.HeadObject": {"Bucket", "Key"},
    "s3.HeadBucket": {"Bucket"},
    "s3.ListObjectsV2": {"Bucket", "Prefix", "MaxKeys"},
    "s3.GetObject": {"Bucket", "Key", "IfMatch", "IfNoneMatch"},
    "s3.PutObject": {"Bucket", "Key", "Body", "ContentType", "CacheControl", "Metadata"},
    "s3.DeleteObjects": {"Bucket", "Delete"},
    "sqs.GetQueueUrl": {"QueueName"},
    "sqs.ReceiveMessage": {
        "QueueUrl",
        "MaxNumberOfMessages",
        "WaitTimeSeconds",
        "VisibilityTimeout",
        "MessageAttributeNames",
        "MessageSystemAttributeNames",
    },
    "sqs.DeleteMessageBatch": {"QueueUrl", "Entries"},
    "sqs.ChangeMessageVisibility": {"QueueUrl", "ReceiptHandle", "VisibilityTimeout"},
    "sns.Publish": {"TopicArn", "Message", "MessageAttributes"},
    "sqs.SendMessage": {"QueueUrl", "MessageBody", "MessageAttributes"},
    "dynamodb.GetItem": {"TableName", "Key", "ConsistentRead"},
    "dynamodb.UpdateItem": {
        "TableName",
        "Key",
        "UpdateExpression",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
    },
}
# What we read of the answers.
HEARD: Mapping[str, set[str]] = {
    "s3.HeadObject": {"ETag", "ContentLength", "Metadata"},
    "s3.GetObject": {"Body", "ContentLength", "ETag"},
    "s3.ListObjectsV2": {"Contents"},
    "s3.DeleteObjects": {"Errors"},
    "sqs.GetQueueUrl": {"QueueUrl"},
    "sqs.ReceiveMessage": {"Messages"},
    "sqs.DeleteMessageBatch": {"Failed"},
    "dynamodb.GetItem": {"Item"},
    "dynamodb.UpdateItem": {"Attributes"},
}


@dataclass(frozen=True, slots=True)
class AllClients(Clients):
    """Those that a worker always has, and the one that it has where there is a topic."""

    sns: "SNSClient"


@cache
def announcer() -> "SNSClient":
    return build_announcer(
        CALL_LIMITS, "arn:aws:sns:us-east-1:123456789012:completions", connections=1
    )


@pytest.fixture(name="clients")
def _all_clients(clients: Clients) -> AllClients:
    return AllClients(clients.s3, clients.sqs, clients.dynamodb, announcer())


def service_model(clients: Clients, service: str) -> ServiceModel:
    model: ServiceModel = getattr(clients, service).meta.service_model
    return model


def operation(clients: Clients, name: str) -> OperationModel:
    service, _, call = name.partition(".")
    return service_model(clients, service).operation_model(call)


def structure(shape: object) -> StructureShape:
    assert isinstance(shape, StructureShape)
    return shape


def members(shape: object) -> set[str]:
    return set(structure(shape).members)


def every_call(clients: AllClients) -> None:
    """Make the adapters do everything that they can do."""
    objects = Objects(
        clients.s3, unbounded_calls(), sources_bucket=SOURCES, variants_bucket=VARIANTS
    )
    clients.s3.put_object(Bucket=SOURCES, Key="a.jpg", Body=b"x")
    source = objects.head("a.jpg")
    assert source is not None
    recipe = Recipe("one", (Variant("w64", (Slot.WEBP,)),))
    data = objects.fetch(source, AMPLE)
    objects.put_variant(source, recipe.fingerprint, ("w64", Slot.WEBP), Codec.WEBP, data)
    objects.put_manifest(source, b"{}")
    watermark = objects.fetch_watermark("a.jpg", known=WatermarkFile())
    assert objects.fetch_watermark("a.jpg", known=watermark) is watermark
    objects.read_recipes(SOURCES, "a.jpg")
    assert objects.head("gone.jpg") is None
    listed = list_encrypted_source(clients.s3, SOURCES, "a.jpg")
    assert listed == replace(source, has_customer_key=True)
    objects.delete(["a"])
    queues = Queues(clients.sqs, unbounded_calls())
    queues.send(DEAD, "x", {"cause": "corrupt"})
    (raw,) = queues.receive(DEAD, wait_seconds=0, hide_seconds=30)
    queues.delay(DEAD, raw["ReceiptHandle"], seconds=0)
    queues.acknowledge(DEAD, [raw["ReceiptHandle"]])
    arn = clients.sns.create_topic(Name="completions")["TopicArn"]
    Topic(clients.sns, unbounded_calls(), arn).publish(
        Completion(event=Change.REMOVED, bucket=SOURCES, key="a.jpg", changed_at=datetime.now(UTC))
    )
    ledger = Ledger(clients.dynamodb, unbounded_calls(), TABLE, SystemClock())
    for end in (
        ledger.release,
        ledger.abandon,
        lambda claim: ledger.tombstone(claim, {}),
        lambda claim: ledger.reject(claim, Corrupt("x"), {}),
        lambda claim: ledger.commit(claim, {"variants": []}),
    ):
        ledger.read("a.jpg")
        end(ledger.claim("a.jpg", lease_seconds=60, may_store=["w64.webp"]))


def test_the_worker_says_exactly_this(clients: AllClients) -> None:
    said: dict[str, set[str]] = defaultdict(set)

    def note(params: Mapping[str, Any], model: OperationModel, **_rest: object) -> None:
        service = model.service_model.service_name
        said[f"{service}.{model.name}"] |= set(params)

    everything = (clients.s3, clients.sqs, clients.dynamodb, clients.sns)
    for client in everything:
        client.meta.events.register("provide-client-params.*.*", note)
    try:
        every_call(clients)
    finally:
        for client in everything:
            client.meta.events.unregister("provide-client-params.*.*", note)

    # The put is made by the test itself, and has no other arguments than ours.
    assert said.pop("sns.CreateTopic")
    assert dict(said) == SAID


@pytest.mark.parametrize("name", SAID)
def test_what_we_say_is_in_the_service_model(clients: Clients, name: str) -> None:
    known = structure(operation(clients, name).input_shape)

    assert set(known.required_members) <= SAID[name] <= set(known.members)


@pytest.mark.parametrize("name", HEARD)
def test_what_we_read_is_in_the_service_model(clients: Clients, name: str) -> None:
    assert HEARD[name] <= members(operation(clients, name).output_shape)


def test_the_refusal_of_a_condition_carries_the_item(clients: Clients) -> None:
    refusal = service_model(clients, "dynamodb").shape_for("ConditionalCheckFailedException")

    assert "Item" in members(refusal)


@pytest.mark.parametrize(
    ("service", "shape"),
    [
        ("dynamodb", "ConditionalCheckFailedException"),
        ("dynamodb", "ProvisionedThroughputExceededException"),
        ("dynamodb", "RequestLimitExceeded"),
        ("dynamodb", "ResourceNotFoundException"),
        ("dynamodb", "ThrottlingException"),
        ("s3", "NoSuchBucket"),
        ("s3", "NoSuchKey"),
        ("sqs", "QueueDoesNotExist"),
        ("sqs", "RequestThrottled"),
    ],
)
def test_a_code_that_we_translate_is_one_that_the_service_sends(
    clients: Clients, service: str, shape: str
) -> None:
    model = service_model(clients, service).shape_for(shape)

    # The query protocol had names of its own, and SQS sends those still.
    assert {shape, model.metadata.get("error", {}).get("code", shape)} <= faults._CLASSES.keys()


@pytest.mark.parametrize(
    ("service", "shape", "values"),
    [
        ("dynamodb", "ReturnValue", {"ALL_OLD"}),
        ("dynamodb", "ReturnValuesOnConditionCheckFailure", {"ALL_OLD"}),
        ("sqs", "MessageSystemAttributeName", {"ApproximateReceiveCount", "SentTimestamp"}),
    ],
)
def test_the_words_that_we_use_are_among_those_it_knows(
    clients: Clients, service: str, shape: str, values: set[str]
) -> None:
    assert values <= set(service_model(clients, service).shape_for(shape).enum)  # type: ignore[attr-defined] # of strings
