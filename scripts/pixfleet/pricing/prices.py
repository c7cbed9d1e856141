"""AWS's prices in us-east-1, in US dollars, without free tiers and discounts.

This is the only price table: `plan`, `backfill` and the cost model behind docs/cost.md use it.
The figures were read from AWS's public price lists between 2024 and 2026; each price names its
page.
"""

from dataclasses import dataclass
from enum import StrEnum

MILLION = 1_000_000
GIGABYTE = 1e9
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB
MEGABYTES_PER_VCPU = 1769
GIGABYTES_PER_VCPU = MEGABYTES_PER_VCPU / 1024


@dataclass(frozen=True, slots=True)
class Price:
    """The dollars for `per` units, and the page that states them."""

    dollars: float
    per: float
    unit: str
    source: str

    @property
    def each(self) -> float:
        """Return the dollars for one unit."""
        return self.dollars / self.per


class Architecture(StrEnum):
    """The processor that a Lambda function runs on."""

    ARM = "arm64"
    X86 = "x86_64"


LAMBDA, S3 = "https://aws.amazon.com/lambda/pricing/", "https://aws.amazon.com/s3/pricing/"
DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"

GIGABYTE_SECOND = {
    Architecture.ARM: Price(0.0000133334, 1, "GB-s", LAMBDA),
    Architecture.X86: Price(0.0000166667, 1, "GB-s", LAMBDA),
}
INVOCATION = Price(0.20, MILLION, "requests", LAMBDA)
PUT = Price(5.00, MILLION, "PUT", S3)
GET = Price(0.40, MILLION, "GET or HEAD", S3)
STORED = Price(0.023, 1, "GB-month", S3)
TAGGED = Price(0.01, 10_000, "tag-months", S3)
SQS_REQUEST = Price(0.40, MILLION, "requests", "https://aws.amazon.com/sqs/pricing/")
WRITE = Price(0.625, MILLION, "WRU", DYNAMODB)
READ = Price(0.125, MILLION, "RRU", DYNAMODB)
LOGGED = Price(0.50, 1, "GB", CLOUDWATCH)
# The first 1,000 of a month are free; a path with a wildcard is one.
PURGED_PATH = Price(0.005, 1, "paths", "https://aws.amazon.com/cloudfront/pricing/")
KMS_CALL = Price(0.03, 10_000, "calls", "https://aws.amazon.com/kms/pricing/")
# EventBridge bills S3's events, as "opt-in data events"; other events of AWS services are free.
EVENT = Price(1.00, MILLION, "events", "https://aws.amazon.com/eventbridge/pricing/")
# CloudWatch bills an alarm on a metric math expression for each metric in it.
ALARM_METRIC = Price(0.10, 1, "metrics", CLOUDWATCH)
COMPOSITE_ALARM = Price(0.50, 1, "alarms", CLOUDWATCH)
DASHBOARD = Price(3.00, 1, "dashboards", CLOUDWATCH)


def gigabyte_second(architecture: str) -> Price:
    """Return Lambda's price of a GB-second; for an unknown architecture, the highest one."""
    if architecture in set(Architecture):
        return GIGABYTE_SECOND[Architecture(architecture)]
    return max(GIGABYTE_SECOND.values(), key=lambda price: price.each)
