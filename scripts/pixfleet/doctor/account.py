"""Checks the lanes against what the account and a new bucket take."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.access import message_and_code

AREA = "account"
# By the model in docs/scale.md, so many workers use all of the 3,500 writes a second that S3 takes
# in a bucket that it has not split. The check `new_bucket` of Terraform has the same number.
WORKERS_OF_A_NEW_BUCKET = 600
# S3 splits a bucket within an hour of load; one that has had objects for a day may have had it.
YOUNG = timedelta(days=1)
# Lambda keeps as many for the functions that reserve none.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
UNRESERVED = 100
QUOTA = "Service Quotas \u2192 AWS Lambda \u2192 Concurrent executions"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield a finding about the variants bucket, and one about the quota of Lambda."""
    if not subject.stack.function:
        yield skipped(AREA, "no Lambda function: the workers are runners")
        return
    yield _bucket(subject)
    yield _concurrency(subject)


def workers(subject: StackUnderTest) -> int:
    """Return how many workers all lanes have together."""
    return sum(lane.maximum_concurrency for lane in subject.stack.lanes.values())


def _bucket(subject: StackUnderTest) -> Finding:
    count, bucket = workers(subject), subject.stack.variants_bucket
    takes = f"a new bucket takes what {WORKERS_OF_A_NEW_BUCKET} workers write"
    if count <= WORKERS_OF_A_NEW_BUCKET:
        return Finding(AREA, f"{count:,} workers; {takes}")
    is_young = _is_young(subject, bucket)
    age = "has no object that is a day old" if is_young else "has been in use for over a day"
    return ok_or_wrong(
        AREA,
        not is_young,
        f"{count:,} workers, and {bucket} {age}; {takes}",
        f"lower maximum_concurrency of the lanes to {WORKERS_OF_A_NEW_BUCKET} together until S3 "
        "has split the bucket: more of them only wait, and Lambda charges for that. "
        "docs/scale.md says how to ramp",
    )


def _is_young(subject: StackUnderTest, bucket: str) -> bool:
    """Return whether none of the first thousand objects is older than a day."""
    found = subject.clients.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    since = datetime.now(UTC) - YOUNG
    return all(each["LastModified"] > since for each in found)


def _concurrency(subject: StackUnderTest) -> Finding:
    try:
        limit = subject.clients.functions.get_account_settings()["AccountLimit"]
    except ClientError as refused:
        what, _ = message_and_code(refused)
        return skipped(AREA, f"Lambda's quota is unknown: {what} (lambda:GetAccountSettings on *)")
    total, renderer = limit["ConcurrentExecutions"], subject.stack.renderer
    lanes, others = workers(subject), (renderer.reserved_concurrency or 0) if renderer else 0
    needed = lanes + others + UNRESERVED
    renderers = f" and {others:,} renderers" if others else ""
    return ok_or_wrong(
        AREA,
        total >= needed,
        f"{lanes:,} workers{renderers}, and {UNRESERVED} that Lambda keeps for other functions; "
        f"the account has {total:,} concurrent executions",
        f"request {needed:,} ({QUOTA}), or lower maximum_concurrency of the lanes: batches that "
        "Lambda throttles use up their receives",
    )
