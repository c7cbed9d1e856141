"""The purge function with its own clients, over moto and within its role's permissions."""

from typing import Any, cast

import boto3
import pytest

from scripts.local.stack import create_serving
from shared.cloud.clients import Clients
from shared.events import purge
from tests.support.iam import recorder
from worker.purge import handler
from worker.purge.policy import POLICY
from worker.purge.purger import Purger
from worker.purge.settings import read_purge_settings

pytestmark = pytest.mark.functional

# As in the rendered policies.
DISTRIBUTION = "E2EXAMPLE"


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture(name="purger")
def _purger(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Purger:
    create_serving(clients.dynamodb, "serving")
    url = clients.sqs.create_queue(QueueName="purges")["QueueUrl"]
    distribution = create_distribution()
    monkeypatch.setitem(recorder.NAMES, distribution, DISTRIBUTION)
    settings = read_purge_settings(
        {
            "PIXFLEET_FLEET": "photos",
            "PIXFLEET_DISTRIBUTION_ID": distribution,
            "PIXFLEET_PURGE_QUEUE": url,
            "PIXFLEET_SERVING_TABLE": "serving",
        }
    )
    return handler.build_purger(settings)


def create_distribution() -> str:
    """Return the id of a new distribution."""
    origin = {
        "Id": "variants",
        "DomainName": "variants.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    configuration: Any = {
        "CallerReference": "once",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "variants",
            "ViewerProtocolPolicy": "https-only",
        },
    }
    cloudfront = boto3.client("cloudfront")
    created = cloudfront.create_distribution(DistributionConfig=configuration)
    return created["Distribution"]["Id"]


def received(clients: Clients, purger: Purger) -> dict[str, Any]:
    """Return a Lambda event of up to ten messages of the queue."""
    raw = clients.sqs.receive_message(
        QueueUrl=purger.settings.queue, MaxNumberOfMessages=10, AttributeNames=["All"]
    ).get("Messages", [])
    return {
        "Records": [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:purges",
            }
            for each in raw
        ]
    }


def test_messages_become_one_invalidation_and_the_rest_comes_back(
    clients: Clients, purger: Purger
) -> None:
    for number in range(10):
        body = purge.write(f"{number}.jpg")
        clients.sqs.send_message(QueueUrl=purger.settings.queue, MessageBody=body)

    answer = handler.answer(received(clients, purger), _Context(), lambda: purger)

    assert len(answer["batchItemFailures"]) == 3
    cloudfront = boto3.client("cloudfront")
    distribution = purger.settings.distribution_id
    made = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]
    assert len(cast("Any", made)["Items"]) == 1
    assert purger.serving.paths_spent(purger.month) == 14


def test_the_clients_do_not_outlast_an_invocation() -> None:
    assert 3 * POLICY.calls.call_seconds < 60
