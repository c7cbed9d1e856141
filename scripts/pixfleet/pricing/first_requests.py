"""What a file costs that is made at its first request, and how likely anybody asks for it."""

from collections.abc import Mapping, Sequence
from math import exp

from scripts.pixfleet.pricing.prices import (
    GET,
    GIGABYTE,
    GIGABYTES_PER_VCPU,
    INVOCATION,
    LOGGED,
    PUT,
    READ,
    TAGGED,
    WRITE,
    gigabyte_second,
)
from scripts.pixfleet.pricing.rendering import storage_dollars_a_month
from shared.model.recipe import Recipe, Slot, Variant, is_rung

# The shares of readers by the best slot that their browsers take. Of the browsers in use in 2026,
# 95 % take AVIF and 96.4 % WebP: https://caniuse.com/avif, https://caniuse.com/webp
READERS = {Slot.AVIF: 0.95, Slot.WEBP: 0.014, Slot.FALLBACK: 0.036}
# An assumption: the requests that a source gets while it is kept, of all its variants together, as
# far as no browser answers them from its own cache.
DEFAULT_REQUESTS = 10.0
# How long variants are kept, which eager files cost and those that nobody asks for do not.
KEPT_MONTHS = 12
# An assumption: three calls of S3 and six of DynamoDB, in which nothing renders, the transfer of
# the source, and the parent's own work.
OTHER_SECONDS = 0.3
# The edge's GET, which finds nothing, and the renderer's; then the source. AWS does not say
# whether S3 bills the 403 that CloudFront gets.
GETS = 3
# The lock in the serving table and its end, the claim in the ledger and its release.
WRITES = 4
# The entry in the ledger, and a failure in the serving table.
READS = 2
# Its line, and what Lambda writes about an invocation.
LOG_BYTES = 1_240


def first_request_dollars(cpu_seconds: float, architecture: str = "arm64") -> float:
    """Return the dollars for the first request of a lazy file, which stores it.

    `cpu_seconds` are those of a render child that makes this one file, on a Lambda vCPU. KMS and
    the transfer to the viewer are not included.
    """
    gigabyte_seconds = (cpu_seconds + OTHER_SECONDS) * GIGABYTES_PER_VCPU
    return (
        gigabyte_seconds * gigabyte_second(architecture).each
        + INVOCATION.each
        + PUT.each
        + GETS * GET.each
        + WRITES * WRITE.each
        + READS * READ.each
        + LOG_BYTES / GIGABYTE * LOGGED.each
    )


def lazy_storage_dollars_a_month(stored_bytes: float) -> float:
    """Return the dollars a month for keeping a lazy object, which has one tag."""
    return storage_dollars_a_month(stored_bytes) + TAGGED.each


def shares_of_requests(recipe: Recipe) -> Mapping[tuple[str, Slot], float]:
    """Return for each file the share of its source's requests that are for it.

    All variants are asked for equally often. A reader gets the best slot that the browser takes:
    of the whole ladder, whose rungs with this slot share its requests, or of a single variant.
    """
    rungs = [each for each in recipe.variants if is_rung(each.name)]
    others = [[each] for each in recipe.variants if not is_rung(each.name)]
    shares: dict[tuple[str, Slot], float] = {}
    for group in (rungs, *others):
        for slot, readers in _readers(group).items():
            having = [each.name for each in group if slot in each.slots]
            share = readers * len(group) / len(recipe.variants) / len(having)
            shares |= {(name, slot): share for name in having}
    return shares


def share_asked_for(requests: float, share: float) -> float:
    """Return the probability that a file is asked for at least once.

    `requests` are those that its source gets on average, `share` is the file's share of them.
    Requests are independent and spread evenly over sources; where they favour some sources, fewer
    files are asked for.
    """
    return 1 - exp(-requests * share)


def _readers(variants: Sequence[Variant]) -> Mapping[Slot, float]:
    """Return the share of readers who get each slot that these variants have."""
    present = [slot for slot in Slot if any(slot in each.slots for each in variants)]
    found = dict.fromkeys(present, 0.0)
    for best, share in READERS.items():
        order = list(Slot)
        readable = [each for each in present if order.index(each) >= order.index(best)]
        if present:
            # A reader who takes none of the slots gets the last one.
            found[readable[0] if readable else present[-1]] += share
    return found
