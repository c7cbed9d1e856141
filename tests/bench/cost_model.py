"""What AWS bills for a million sources: how much one source uses, times the price table.

This is arithmetic only; `tests.bench.cost` measures what it needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from scripts.pixfleet.pricing.prices import (
    ALARM_METRIC,
    COMPOSITE_ALARM,
    DASHBOARD,
    EVENT,
    GET,
    GIGABYTE,
    GIGABYTE_SECOND,
    GIGABYTES_PER_VCPU,
    INVOCATION,
    KMS_CALL,
    LOGGED,
    MILLION,
    PUT,
    READ,
    SQS_REQUEST,
    STORED,
    WRITE,
    Architecture,
    Price,
)

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
WRITE_UNIT_BYTES = 1024
# Bucket keys save "up to 99 percent" of the calls:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
CALLS_PAST_BUCKET_KEY = 0.01
# One for a new source; a source that is made again costs two, a delete and a put.
INDEX_WRITES = 1
# INIT_START is rare; START, END and REPORT come with every invocation.
LAMBDA_LOG_BYTES = 350
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html: five pollers, long polls of 20 s
POLLS_A_MONTH = 5 * 30 * 86_400 / 20
# What terraform/modules/alarms makes with the default lanes; tests/terraform counts them.
LANES = 2
# Those of the lanes, and that of purges.
QUEUES = LANES + 1
ALARM_METRICS = 57


@dataclass(frozen=True, slots=True)
class Work:
    """What one source uses, measured or counted; seconds are of one vCPU.

    `idle_seconds` is the time that an image adds to its batch in which nothing renders. `share` is
    its share of an invocation: a tenth in a full batch.
    """

    child_cpu_seconds: float
    parent_cpu_seconds: float
    idle_seconds: float
    puts: int
    gets: int
    write_units: int
    read_units: int
    log_bytes: float
    variant_bytes: float
    source_bytes: float
    share: float = 0.1

    @property
    def queue_requests(self) -> float:
        """Return S3's message, and the source's share of one receive and of one delete."""
        return 1 + 2 * self.share


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a bill: how much one source or request uses, and what a million of them cost."""

    what: str
    amount: float
    price: Price

    @property
    def dollars(self) -> float:
        """Return dollars for a million sources, or a million of what else the bill is of."""
        return self.amount * self.price.each * MILLION


def bill(
    work: Work, architecture: Architecture = Architecture.ARM, *, factor: float = 1.0
) -> tuple[Item, ...]:
    """Return what a source costs at upload, without storage and delivery.

    `factor` is Lambda's CPU seconds per CPU second of the machine that measured.
    """
    rendering = _gigabytes(factor * work.child_cpu_seconds)
    beside = _gigabytes(factor * work.parent_cpu_seconds + work.idle_seconds)
    second = GIGABYTE_SECOND[architecture]
    calls = 1 + work.puts + work.gets
    logged = work.log_bytes + work.share * LAMBDA_LOG_BYTES
    return (
        Item("Lambda: rendering", rendering, second),
        Item("Lambda: the parent, and waiting", beside, second),
        Item("Lambda: requests", work.share, INVOCATION),
        Item("S3: variants and manifest", work.puts, PUT),
        Item("S3: the source's own upload", 1, PUT),
        Item("S3: HEAD and GET of the source", work.gets, GET),
        Item("EventBridge: the event of the source", 1, EVENT),
        Item("SQS: sent, received, deleted", work.queue_requests, SQS_REQUEST),
        Item("DynamoDB: claim and commit", work.write_units, WRITE),
        Item("DynamoDB: the index on status", INDEX_WRITES, WRITE),
        Item("DynamoDB: the first look", work.read_units, READ),
        Item("CloudWatch: one line a source, three an invocation", logged / GIGABYTE, LOGGED),
        Item("KMS, with bucket keys", calls * CALLS_PAST_BUCKET_KEY, KMS_CALL),
    )


def standing() -> tuple[Item, ...]:
    """Return what the default stack costs a month if it is idle."""
    return (
        Item("CloudWatch: metrics that alarms read", ALARM_METRICS, ALARM_METRIC),
        Item("CloudWatch: the alarm over all alarms", 1, COMPOSITE_ALARM),
        Item("CloudWatch: the dashboard", 1, DASHBOARD),
        Item("SQS: long polls of idle queues", QUEUES * POLLS_A_MONTH, SQS_REQUEST),
    )


def total(items: Iterable[Item]) -> float:
    """Return the dollars for a million of what the bill is of."""
    return sum(item.dollars for item in items)


def monthly(stored_bytes: float) -> float:
    """Return the dollars a month for keeping so many bytes of each of a million sources."""
    return stored_bytes / GIGABYTE * STORED.each * MILLION


def write_units(item_bytes: int) -> int:
    """Return the write units of one write of an item of at most this size."""
    return max(1, ceil(item_bytes / WRITE_UNIT_BYTES))


def _gigabytes(seconds: float) -> float:
    return seconds * GIGABYTES_PER_VCPU
