import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.processes import worker_environment
from tests.support.images import jpeg, truncated_jpeg

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

pytestmark = pytest.mark.e2e

CORRUPT = "half.jpg"
GOOD = tuple(f"{number}.jpg" for number in range(8))
INVOCATION_SECONDS = 60


def test_the_handler_works_on_a_batch_from_the_queue_as_lambda_hands_it_over(fleet: Fleet) -> None:
    good = {key: fleet.put(key, jpeg(seed=at)) for at, key in enumerate(GOOD)}
    fleet.put(CORRUPT, truncated_jpeg())
    messages = fleet.receive(fleet.stack.live_queue, hidden_for_seconds=INVOCATION_SECONDS)

    answer = invoke(fleet, messages)

    assert len(messages) == len(GOOD) + 2, "expected S3's test event and nine arrivals"
    assert answer == {"batchItemFailures": []}
    fleet.wait_until_published(good)
    assert fleet.stored_keys() == keys_stored_for(GOOD)
    (dead_letter,) = fleet.dead_letters()
    assert dead_letter["MessageAttributes"]["cause"]["StringValue"] == "truncated"
    assert (
        dead_letter["MessageAttributes"]["source_queue"]["StringValue"] == fleet.stack.live_queue
    )


def invoke(fleet: Fleet, messages: "list[MessageTypeDef]") -> Any:  # noqa: ANN401 - parsed JSON
    """Run the handler in a process of its own, as Lambda does, and return its answer."""
    region_and_account = "us-east-1:000000000000"
    arn = f"arn:aws:sqs:{region_and_account}:{fleet.stack.live_queue}"
    host = subprocess.run(
        [sys.executable, "-m", "tests.e2e.lambda_host"],
        input=json.dumps({"Records": [record(message, arn) for message in messages]}),
        env=worker_environment(fleet.stack),
        stdout=subprocess.PIPE,
        text=True,
        timeout=INVOCATION_SECONDS,
        check=True,
    )
    return json.loads(host.stdout.splitlines()[-1])


def record(message: "MessageTypeDef", arn: str) -> dict[str, object]:
    """Return a message as https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html shows it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }
