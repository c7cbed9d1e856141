"""What a file costs that is made at its first request, and how likely anybody asks for it."""

from collections.abc import Sequence
from math import exp

from scripts.pixfleet.pricing.prices import (
    GET,
    GIGABYTE,
    GIGABYTES_PER_VCPU,
    INVOCATION,
    LOGGED,
    PUT,
    READ,
    WRITE,
    gigabyte_second,
)
from scripts.pixfleet.pricing.rendering import LOG_BYTES
from shared.model.recipe import Slot

# The shares of readers by the best slot that their browsers take. Of the browsers in use in 2026,
# 95 % take AVIF and 96.4 % WebP: https://caniuse.com/avif, https://caniuse.com/webp
READERS = {Slot.AVIF: 0.95, Slot.WEBP: 0.014, Slot.FALLBACK: 0.036}
# Requests that a source gets, of all its variants together.
DEFAULT_REQUESTS = 100.0
# An assumption: the calls to S3 and DynamoDB, which nothing else fills, and the parent's own work.
OTHER_SECONDS = 0.3
# The edge's GET, which finds nothing, and the renderer's; then the source.
GETS = 3
# The turn in the serving table and its end, the claim in the ledger and its release.
WRITES = 4


def first_request_dollars(cpu_seconds: float, architecture: str = "arm64") -> float:
    """Return the dollars for the first request of a lazy file, which stores it.

    `cpu_seconds` are those of a render child that makes this one file, on a Lambda vCPU. KMS, the
    tag of the object and the transfer to the viewer are not included.
    """
    gigabyte_seconds = (cpu_seconds + OTHER_SECONDS) * GIGABYTES_PER_VCPU
    return (
        gigabyte_seconds * gigabyte_second(architecture).each
        + INVOCATION.each
        + PUT.each
        + GETS * GET.each
        + WRITES * WRITE.each
        + READ.each
        + LOG_BYTES / GIGABYTE * LOGGED.each
    )


def readers_of(slot: Slot, slots: Sequence[Slot]) -> float:
    """Return the share of readers who get this slot of a variant that has these slots.

    A reader gets the best slot that the browser takes, or else the variant's last one.
    """
    present = [each for each in Slot if each in slots]
    return sum(share for best, share in READERS.items() if _served(best, present) is slot)


def _served(best: Slot, present: Sequence[Slot]) -> Slot:
    order = list(Slot)
    readable = (each for each in present if order.index(each) >= order.index(best))
    return next(readable, present[-1])


def share_asked_for(requests: float, readers: float, variants: int) -> float:
    """Return how likely a file is asked for at least once.

    `requests` are those that its source gets on average, `readers` the share of readers who get
    the file's slot. Requests are independent and spread evenly over sources and `variants`; where
    they favour some of them, fewer files are asked for.
    """
    return 1 - exp(-requests * readers / variants)
