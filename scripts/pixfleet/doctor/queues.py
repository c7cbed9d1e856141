"""Checks redrive policy, retention, visibility timeout and encryption of the queues."""

from collections.abc import Iterator, Mapping
from json import loads

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest

AREA = "queues"
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
TIMEOUTS_PER_VISIBILITY = 6
DEFAULT_RECEIVES = "8"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
AWS_MANAGED_KEY = "alias/aws/sqs"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about each lane's queue and the dead-letter queue."""
    dead_letters = subject.queue(subject.stack.dead_letter_queue)
    for name, lane in subject.stack.lanes.items():
        attributes = subject.queue(lane.queue)
        yield _redrive(subject, name, attributes)
        yield _retention(name, attributes, dead_letters)
        yield _visibility(subject, name, attributes)
        yield from _key(name, attributes)


def _redrive(subject: StackUnderTest, lane: str, attributes: Mapping[str, str]) -> Finding:
    policy = loads(attributes.get("RedrivePolicy", "{}"))
    target = str(policy.get("deadLetterTargetArn", "nowhere"))
    receives = str(policy.get("maxReceiveCount", "-"))
    wanted = subject.stack.environment.get("PIXFLEET_MAX_RECEIVES", DEFAULT_RECEIVES)
    name = target.rpartition(":")[2]
    is_right = name == subject.stack.dead_letter_queue and receives == wanted
    return ok_or_wrong(
        AREA,
        is_right,
        f"{lane}: after {receives} receives to {name}",
        f"terraform apply: expected {subject.stack.dead_letter_queue} after {wanted} receives "
        "(PIXFLEET_MAX_RECEIVES), or SQS moves a message before the worker attaches a cause",
    )


def _retention(
    lane: str, attributes: Mapping[str, str], dead_letters: Mapping[str, str]
) -> Finding:
    queues = (attributes, dead_letters)
    days, dead_letter_days = (int(each["MessageRetentionPeriod"]) / 86_400 for each in queues)
    return ok_or_wrong(
        AREA,
        dead_letter_days > days,
        f"{lane}: messages are kept {days:g} days, dead letters {dead_letter_days:g}",
        "keep dead letters longer than messages: SQS counts from the first sending of a message",
    )


def _visibility(subject: StackUnderTest, lane: str, attributes: Mapping[str, str]) -> Finding:
    if not subject.stack.function:
        return skipped(AREA, f"{lane}: without a function, any visibility timeout will do")
    timeout = subject.function_of(lane)["Timeout"]
    seconds = int(attributes["VisibilityTimeout"])
    return ok_or_wrong(
        AREA,
        seconds >= TIMEOUTS_PER_VISIBILITY * timeout,
        f"{lane}: the visibility timeout is {seconds} s, the function's timeout {timeout} s",
        f"terraform apply: expected at least {TIMEOUTS_PER_VISIBILITY * timeout} s, six timeouts",
    )


def _key(lane: str, attributes: Mapping[str, str]) -> Iterator[Finding]:
    if key := attributes.get("KmsMasterKeyId"):
        yield ok_or_wrong(
            AREA,
            key != AWS_MANAGED_KEY,
            f"{lane}: encrypted with {key}",
            "use a customer managed key whose policy allows S3 and the worker: S3 cannot send to "
            f"a queue with {AWS_MANAGED_KEY}",
        )
