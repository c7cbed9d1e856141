"""What AWS bills for a million sources: prices, and what one source uses of each.

Arithmetic only; `tests.bench.cost` measures what it needs. us-east-1, in US dollars, without free
tiers and without discounts. Prices are those of AWS's public price lists, seen between 2024 and
2026; each says where.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

MILLION = 1_000_000
GIGABYTE = 1e9
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB
VCPU_GIGABYTES = 1769 / 1024
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
WRITE_UNIT_BYTES = 1024
# Bucket keys spare "up to 99 percent" of the calls:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
CALLS_PAST_BUCKET_KEY = 0.01
# A source that is new to the index on `status`; one that is made again is deleted there and put.
INDEX_WRITES = 1
# INIT_START is rare; START, END and REPORT come with every invocation.
LAMBDA_LOG_BYTES = 350
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html: five pollers, long polls of 20 s
POLLS_A_MONTH = 5 * 30 * 86_400 / 20
# What terraform/modules/alarms makes with the default lanes; tests/terraform counts them.
LANES = 2
ALARM_METRICS = 37


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for `per` of a unit, and the page that says so."""

    dollars: float
    per: float
    unit: str
    source: str

    @property
    def each(self) -> float:
        """Return the dollars for one."""
        return self.dollars / self.per


class Architecture(StrEnum):
    """What the functions run on."""

    ARM = "arm64"
    X86 = "x86_64"


LAMBDA, S3 = "https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/s3/pricing/"
SECOND = {
    Architecture.ARM: Price(0.0000133334, 1, "GB-s", LAMBDA),
    Architecture.X86: Price(0.0000166667, 1, "GB-s", LAMBDA),
}
INVOCATION = Price(0.20, MILLION, "requests", LAMBDA)
PUT = Price(5.00, MILLION, "PUT", S3)
GET = Price(0.40, MILLION, "GET or HEAD", S3)
STORED = Price(0.023, 1, "GB-month", S3)
MESSAGE = Price(0.40, MILLION, "requests", "https://aws.amazon.com/sqs/pricing/")
WRITE = Price(0.625, MILLION, "WRU", "https://aws.amazon.com/dynamodb/pricing/on-demand/")
READ = Price(0.125, MILLION, "RRU", "https://aws.amazon.com/dynamodb/pricing/on-demand/")
LOGGED = Price(0.50, 1, "GB", "https://aws.amazon.com/cloudwatch/pricing/")
KEY_CALL = Price(0.03, 10_000, "calls", "https://aws.amazon.com/kms/pricing/")
# S3's events are none of AWS's free ones, but "opt-in data events".
EVENT = Price(1.00, MILLION, "events", "https://aws.amazon.com/eventbridge/pricing/")
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
# An alarm over an expression pays for each metric in it.
ALARM_METRIC = Price(0.10, 1, "metrics", CLOUDWATCH)
COMPOSITE_ALARM = Price(0.50, 1, "alarms", CLOUDWATCH)
DASHBOARD = Price(3.00, 1, "dashboards", CLOUDWATCH)


@dataclass(frozen=True, slots=True)
class Work:
    """What one source uses, measured or counted; seconds are those of one vCPU.

    `idle_seconds` is what an image adds to its batch while nothing renders. `share` is its part
    of an invocation: a tenth in a full batch.
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
        """Return S3's own message, and the source's part of one receive and of one delete."""
        return 1 + 2 * self.share


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a bill: how much of it one source uses, and what a million sources pay."""

    what: str
    amount: float
    price: Price

    @property
    def dollars(self) -> float:
        """Return dollars per million sources."""
        return self.amount * self.price.each * MILLION


def bill(
    work: Work, architecture: Architecture = Architecture.ARM, *, factor: float = 1.0
) -> tuple[Item, ...]:
    """Return what a source is billed once, for being made; storage and readers are not in it.

    `factor` is how many CPU seconds Lambda's vCPU needs for one of the machine that measured.
    """
    rendering = _gigabytes(factor * work.child_cpu_seconds)
    beside = _gigabytes(factor * work.parent_cpu_seconds + work.idle_seconds)
    second = SECOND[architecture]
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
        Item("SQS: sent, received, deleted", work.queue_requests, MESSAGE),
        Item("DynamoDB: claim and commit", work.write_units, WRITE),
        Item("DynamoDB: the index on status", INDEX_WRITES, WRITE),
        Item("DynamoDB: the first look", work.read_units, READ),
        Item("CloudWatch: one line a source, three an invocation", logged / GIGABYTE, LOGGED),
        Item("KMS, with bucket keys", calls * CALLS_PAST_BUCKET_KEY, KEY_CALL),
    )


def standing() -> tuple[Item, ...]:
    """Return what the default stack is billed each month though nobody uses it."""
    return (
        Item("CloudWatch: metrics that alarms read", ALARM_METRICS, ALARM_METRIC),
        Item("CloudWatch: the alarm over all alarms", 1, COMPOSITE_ALARM),
        Item("CloudWatch: the dashboard", 1, DASHBOARD),
        Item("SQS: long polls of idle lanes", LANES * POLLS_A_MONTH, MESSAGE),
    )


def total(items: Iterable[Item]) -> float:
    """Return dollars per million sources."""
    return sum(item.dollars for item in items)


def monthly(stored_bytes: float) -> float:
    """Return what a million times so many bytes cost each month, in S3 Standard."""
    return stored_bytes / GIGABYTE * STORED.each * MILLION


def write_units(item_bytes: int) -> int:
    """Return what DynamoDB bills for one write of an item that is never larger than this."""
    return max(1, ceil(item_bytes / WRITE_UNIT_BYTES))


def _gigabytes(seconds: float) -> float:
    return seconds * VCPU_GIGABYTES
