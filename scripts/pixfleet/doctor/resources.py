"""Checks that tables, function and distribution exist and are ready, and their versions."""

from collections.abc import Iterator, Mapping

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.cloud.status_index import StatusIndex
from shared.model.entry import PUBLISHED
from shared.model.versions import ENGINE_VERSION, WORKER_VERSION

BUCKETS, LEDGER, SERVING, FUNCTION = "buckets", "ledger", "serving table", "function"
EDGE, VERSIONS = "edge", "versions"
# The answer of GetBucketLocation for the two oldest regions.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
OLD_LOCATIONS: Mapping[str | None, str] = {None: "us-east-1", "EU": "eu-west-1"}


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about buckets, tables, function, distribution and versions."""
    yield from _buckets(subject)
    yield from _ledger(subject)
    yield from _serving(subject)
    yield from _function(subject)
    yield from _edge(subject)
    yield from _versions(subject)


def _buckets(subject: StackUnderTest) -> Iterator[Finding]:
    """Check the regions: S3 sends a bucket's events to queues and rules of its own region only."""
    stack, s3 = subject.stack, subject.clients.s3
    for bucket in (stack.sources_bucket, stack.variants_bucket):
        location = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        region = OLD_LOCATIONS.get(location, location)
        yield ok_or_wrong(
            BUCKETS,
            region == stack.region,
            f"{bucket} is in {region}",
            f"use a bucket in {stack.region}, where the stack is, or a stack in {region}: "
            "no event of a bucket reaches another region",
        )


def _ledger(subject: StackUnderTest) -> Iterator[Finding]:
    name, index = subject.stack.ledger_table, subject.stack.status_index
    table = subject.clients.dynamodb.describe_table(TableName=name)["Table"]
    indexes = {
        str(each["IndexName"]): str(each.get("IndexStatus", "ACTIVE"))
        for each in table.get("GlobalSecondaryIndexes", [])
    }
    states = {name: table["TableStatus"], index: indexes.get(index, "missing")}
    is_right = all(state == "ACTIVE" for state in states.values())
    what = ", ".join(f"{part} is {state}" for part, state in states.items())
    yield ok_or_wrong(LEDGER, is_right, what, "wait if it is UPDATING, else terraform apply")


def _serving(subject: StackUnderTest) -> Iterator[Finding]:
    """Check the table in which renders take locks and the month's purges are counted."""
    name = subject.stack.serving_table
    if not name:
        yield skipped(SERVING, "neither a renderer nor purges, which need it")
        return
    status = subject.clients.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
    yield ok_or_wrong(
        SERVING,
        status == "ACTIVE",
        f"{name} is {status}",
        "wait if it is UPDATING, else terraform apply",
    )


def _function(subject: StackUnderTest) -> Iterator[Finding]:
    stack = subject.stack
    if not stack.function:
        yield skipped(FUNCTION, "no Lambda function: the worker is a runner")
        return
    function = subject.function
    state = function.get("State", "Active")
    yield ok_or_wrong(
        FUNCTION,
        state in {"Active", "Inactive"},
        f"{stack.function} is {state} {function.get('StateReason', '')}".strip(),
        "deploy a package that can be loaded (`make package`, terraform apply)",
    )
    actual = (function.get("MemorySize"), *function.get("Architectures", []))
    expected = (stack.memory_mb, stack.architecture)
    yield ok_or_wrong(
        FUNCTION,
        actual == expected,
        "{} MB on {}".format(*actual),
        "terraform apply: expected {} MB on {}".format(*expected),
    )


def _edge(subject: StackUnderTest) -> Iterator[Finding]:
    distribution = subject.stack.distribution
    if distribution is None:
        yield skipped(EDGE, "no distribution")
        return
    found = subject.clients.cloudfront.get_distribution(Id=distribution.id)["Distribution"]
    is_enabled, status = found["DistributionConfig"]["Enabled"], found["Status"]
    yield ok_or_wrong(
        EDGE,
        is_enabled,
        f"{distribution.id} is {'enabled' if is_enabled else 'disabled'} and {status}",
        "terraform apply: a disabled distribution answers no request",
    )


def _versions(subject: StackUnderTest) -> Iterator[Finding]:
    """Compare engine versions by the newest published source: Lambda does not show the engine."""
    stack, dynamodb, calls = subject.stack, subject.clients.dynamodb, subject.clients.calls
    python = f", on {subject.function.get('Runtime')}" if stack.function else ""
    yield Finding(VERSIONS, f"this pixfleet is {WORKER_VERSION}, engine {ENGINE_VERSION}{python}")
    newest = StatusIndex(dynamodb, calls, stack.ledger_table, stack.status_index).newest(
        PUBLISHED, most=1
    )
    if not newest:
        yield skipped(VERSIONS, "the worker's engine is unknown: nothing is published yet")
        return
    entry = Ledger(dynamodb, calls, stack.ledger_table, SystemClock()).read(newest[0].key)
    yield ok_or_wrong(
        VERSIONS,
        entry.engine == ENGINE_VERSION,
        f"the newest variants were made by engine {entry.engine or 'unknown'}",
        f"use the pixfleet of the deployed version, or deploy engine {ENGINE_VERSION}: "
        "`pixfleet dlq try` and `plan` render with this one",
    )
