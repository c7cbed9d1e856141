"""What AWS bills for making a source again and for keeping what is made, in US dollars.

us-east-1, without free tiers and discounts; tests/unit/test_prices.py holds each number against
the cost model behind docs/cost.md, which has the page of each price.
"""

from collections.abc import Mapping

GIGABYTE = 1e9
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB
MEGABYTES_A_VCPU = 1769
GIGABYTES_A_VCPU = MEGABYTES_A_VCPU / 1024
# What the Lambda parent takes of one source, and the image's share of waiting: docs/cost.md.
BESIDE_GIGABYTE_SECONDS = 0.1642

# https://aws.amazon.com/lambda/pricing/
GIGABYTE_SECOND: Mapping[str, float] = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
INVOCATION = 0.20e-6
# https://aws.amazon.com/s3/pricing/
PUT = 5.00e-6
GET = 0.40e-6
GIGABYTE_MONTH = 0.023
# https://aws.amazon.com/sqs/pricing/
MESSAGE = 0.40e-6
# https://aws.amazon.com/dynamodb/pricing/on-demand/
WRITE = 0.625e-6
READ = 0.125e-6
# https://aws.amazon.com/cloudwatch/pricing/
LOGGED_GIGABYTE = 0.50

# One source in a full batch of ten: a tenth of an invocation, of a receive and of a delete.
SHARE = 0.1
REQUESTS = 1 + 2 * SHARE
HEAD_AND_GET = 2
CLAIM_AND_COMMIT = 2
# The index on `status` deletes the old entry and puts the new one.
INDEX_WRITES = 2
LOG_BYTES = 382.9


def making_again(cpu_seconds: float, objects: float, architecture: str = "arm64") -> float:
    """Return the dollars for rendering one source and storing so many objects, manifest included.

    CPU seconds are those of a Lambda vCPU; of an unknown architecture, the dearest. Calls of a KMS
    key are not in it.
    """
    gigabyte_seconds = cpu_seconds * GIGABYTES_A_VCPU + BESIDE_GIGABYTE_SECONDS
    dearest = max(GIGABYTE_SECOND.values())
    return (
        gigabyte_seconds * GIGABYTE_SECOND.get(architecture, dearest)
        + SHARE * INVOCATION
        + objects * PUT
        + HEAD_AND_GET * GET
        + REQUESTS * MESSAGE
        + (CLAIM_AND_COMMIT + INDEX_WRITES) * WRITE
        + READ
        + LOG_BYTES / GIGABYTE * LOGGED_GIGABYTE
    )


def keeping(stored_bytes: float) -> float:
    """Return the dollars a month for so many bytes in S3 Standard."""
    return stored_bytes / GIGABYTE * GIGABYTE_MONTH


def seconds_a_source(cpu_seconds: float) -> float:
    """Return how long one source keeps one Lambda vCPU."""
    return cpu_seconds + BESIDE_GIGABYTE_SECONDS / GIGABYTES_A_VCPU
