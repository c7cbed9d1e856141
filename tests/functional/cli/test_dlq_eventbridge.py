"""`pixfleet dlq` with events that EventBridge could not send to their queue."""

import json
from collections.abc import Callable

import pytest

from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.support.images import jpeg, truncated_jpeg

pytestmark = pytest.mark.functional

WorkOff = Callable[..., None]
ARN = "arn:aws:sqs:us-east-1:123456789012"


def add_undelivered(
    aws: DirectAccess, key: str, *, lane: str = "live", detail_type: str = "Object Created"
) -> str:
    """Put an event into the dead-letter queue as EventBridge does.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    event = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2025-01-21T18:23:20Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{aws.stack.sources_bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": aws.stack.sources_bucket},
            "object": {"key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184"},
            "request-id": "N4N7GDK58NMKJ12R",
        },
    }
    return aws.add_dead_letter(
        json.dumps(event),
        RULE_ARN=f"arn:aws:events:us-east-1:123456789012:rule/pixfleet-{lane}",
        TARGET_ARN=f"{ARN}:pixfleet-{lane}",
        ERROR_CODE="NO_PERMISSIONS",
        ERROR_MESSAGE="The rule may not send to the queue.",
        EXHAUSTED_RETRY_CONDITION="MaximumRetryAttempts",
        RETRY_ATTEMPTS="0",
    )


def test_undelivered_events_are_a_group_of_their_own(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    message_id = add_undelivered(aws, "a.jpg")
    aws.add_dead_letter(aws.event("crash.jpg"))

    answer = pixfleet("dlq", "groups", "--json")
    page = pixfleet("dlq", "groups").out

    found = {each["cause"]: each["example"] for each in answer.document["groups"]}
    assert found["undelivered"] == {"id": message_id, "key": "a.jpg"}
    assert found["-"]["key"] == "crash.jpg"
    assert "pixfleet dlq show" in page
    assert "undelivered" in page


def test_an_undelivered_event_is_shown_with_its_cause_and_what_to_type(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    message_id = add_undelivered(aws, "a.jpg")

    document = pixfleet("dlq", "show", message_id, "--json").document
    page = pixfleet("dlq", "show", message_id).out

    assert document["cause"] == "undelivered"
    assert document["keys"] == ["a.jpg"]
    assert document["attributes"]["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "NO_PERMISSIONS: The rule may not send to the queue." in " ".join(page.split())
    assert "the worker crashed" not in page
    assert page.index("pixfleet doctor") < page.index("pixfleet dlq redrive")


@pytest.mark.parametrize("lane", ["live", "bulk"])
def test_an_undelivered_event_goes_to_the_queue_of_its_rule(
    aws: DirectAccess, pixfleet: RunCommand, lane: str
) -> None:
    add_undelivered(aws, "a.jpg", lane=lane)

    answer = pixfleet("dlq", "redrive", "--cause", "undelivered", "--dry-run", "--json")

    assert answer.document["lanes"] == {f"pixfleet-{lane}": 1}


def test_an_event_for_a_queue_of_no_lane_goes_to_the_lane_of_its_key(
    aws: DirectAccess, pixfleet: RunCommand
) -> None:
    add_undelivered(aws, "bulk/a.jpg", lane="removed")

    answer = pixfleet("dlq", "redrive", "--all", "--dry-run", "--json")

    assert answer.document["lanes"] == {"pixfleet-bulk": 1}


def test_redriven_events_are_processed_like_any_other(
    aws: DirectAccess, run_worker: WorkOff, pixfleet: RunCommand
) -> None:
    aws.drop("good.jpg", jpeg())
    aws.drop("half.jpg", truncated_jpeg())
    aws.drop("gone.jpg", jpeg())
    aws.clients.s3.delete_object(Bucket=aws.stack.sources_bucket, Key="gone.jpg")
    aws.clients.sqs.purge_queue(QueueUrl=aws.url(aws.stack.live_queue))
    add_undelivered(aws, "good.jpg")
    add_undelivered(aws, "half.jpg")
    add_undelivered(aws, "gone.jpg", detail_type="Object Deleted")
    redrive_id = pixfleet("dlq", "redrive", "--cause", "undelivered", "--yes", "--json").document[
        "redrive_id"
    ]

    run_worker()

    status = pixfleet("dlq", "status", redrive_id, "--json").document
    assert (status["fixed"], status["dead"]) == (2, {"truncated": 1})
    (again,) = pixfleet("dlq", "groups", "--json").document["groups"]
    assert (again["cause"], again["count"]) == ("truncated", 1)


def test_a_cause_of_the_worker_is_preferred(aws: DirectAccess, pixfleet: RunCommand) -> None:
    aws.add_dead_letter(aws.event("a.jpg"), cause="truncated", RULE_ARN="arn:aws:events:x")

    (group,) = pixfleet("dlq", "groups", "--json").document["groups"]

    assert group["cause"] == "truncated"
