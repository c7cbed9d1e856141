"""What it costs to render existing sources again, and to store their variants."""

from scripts.pixfleet.pricing.prices import (
    GET,
    GIGABYTE,
    GIGABYTES_PER_VCPU,
    INVOCATION,
    LOGGED,
    PUT,
    READ,
    SQS_REQUEST,
    STORED,
    WRITE,
    gigabyte_second,
)

# GB-seconds of a source outside the render child: the parent process, and the source's share of
# the time in which the function waits. Measured: docs/cost.md.
PARENT_GIGABYTE_SECONDS = 0.1469
LOG_BYTES = 962.6  # of a source, and its share of Lambda's own lines: docs/cost.md
# A source's share of a full batch of ten: of its invocation, its ReceiveMessage and its
# DeleteMessageBatch.
SHARE_OF_BATCH = 0.1
# One SendMessage, and the shares of one receive and of one delete.
SQS_REQUESTS = 1 + 2 * SHARE_OF_BATCH
HEAD_AND_GET = 2
CLAIM_AND_COMMIT = 2
# The index on `status` deletes the old entry and puts the new one.
INDEX_WRITES = 2


def render_dollars(cpu_seconds: float, objects: float, architecture: str = "arm64") -> float:
    """Return the dollars for rendering one source again and storing its objects.

    `cpu_seconds` are those of the render child on a Lambda vCPU; `objects` are the variants and
    the manifest. KMS calls are not included.
    """
    gigabyte_seconds = cpu_seconds * GIGABYTES_PER_VCPU + PARENT_GIGABYTE_SECONDS
    return (
        gigabyte_seconds * gigabyte_second(architecture).each
        + SHARE_OF_BATCH * INVOCATION.each
        + objects * PUT.each
        + HEAD_AND_GET * GET.each
        + SQS_REQUESTS * SQS_REQUEST.each
        + (CLAIM_AND_COMMIT + INDEX_WRITES) * WRITE.each
        + READ.each
        + LOG_BYTES / GIGABYTE * LOGGED.each
    )


def storage_dollars_a_month(stored_bytes: float) -> float:
    """Return the dollars a month for keeping bytes in S3 Standard."""
    return stored_bytes / GIGABYTE * STORED.each


def vcpu_seconds(cpu_seconds: float) -> float:
    """Return how long one source occupies a Lambda vCPU, parent process and waiting included."""
    return cpu_seconds + PARENT_GIGABYTE_SECONDS / GIGABYTES_PER_VCPU
