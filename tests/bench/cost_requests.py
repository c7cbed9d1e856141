"""What first requests of lazy files cost, and purges: arithmetic on the price table."""

from collections.abc import Callable, Sequence
from math import inf, sqrt

from scripts.pixfleet.plan.lazy import LazyFile
from scripts.pixfleet.pricing.first_requests import (
    GETS,
    LOG_BYTES,
    OTHER_SECONDS,
    READS,
    WRITES,
    lazy_storage_dollars_a_month,
    share_asked_for,
)
from scripts.pixfleet.pricing.prices import (
    GET,
    GIGABYTE,
    GIGABYTES_PER_VCPU,
    INVOCATION,
    KMS_CALL,
    LOGGED,
    MILLION,
    PURGED_PATH,
    PUT,
    READ,
    SQS_REQUEST,
    WRITE,
    Architecture,
    gigabyte_second,
)
from shared.model.invalidation_paths import PATHS_PER_KEY
from tests.bench.cost_model import CALLS_PAST_BUCKET_KEY, Item, total
from worker.purge.policy import POLICY

# A key is purged again a minute later: shared/events/purge.py.
PURGES_PER_KEY = 2
# An assumption: one call of CloudFront, four of DynamoDB and SQS.
PURGE_SECONDS = 1.0
# terraform/modules/purge/function.tf
PURGE_GIGABYTES = 512 / 1024
# Between these numbers of requests a source, a number is looked for.
LEAST_REQUESTS, MOST_REQUESTS = 0.01, 1e9


def first_request_bill(
    cpu_seconds: float, architecture: Architecture = Architecture.ARM, *, factor: float = 1.0
) -> tuple[Item, ...]:
    """Return what the first request of a lazy file costs.

    `cpu_seconds` are those of a render child that makes this one file. A function URL is free, and
    so is the transfer from Lambda to CloudFront.
    """
    return (
        Item(
            "Lambda: rendering one file",
            factor * cpu_seconds * GIGABYTES_PER_VCPU,
            gigabyte_second(architecture),
        ),
        Item(
            "Lambda: waiting for S3 and DynamoDB",
            OTHER_SECONDS * GIGABYTES_PER_VCPU,
            gigabyte_second(architecture),
        ),
        Item("Lambda: the request", 1, INVOCATION),
        Item("S3: storing the file, with its tag", 1, PUT),
        Item("S3: CloudFront's GET, the renderer's, and the source", GETS, GET),
        Item("DynamoDB: a lock and a claim, begun and ended", WRITES, WRITE),
        Item("DynamoDB: the entry, and a failure before", READS, READ),
        Item("CloudWatch: one line, and Lambda's three", LOG_BYTES / GIGABYTE, LOGGED),
        Item("KMS for them, with bucket keys", (1 + GETS) * CALLS_PAST_BUCKET_KEY, KMS_CALL),
    )


def files_asked_for(files: Sequence[LazyFile], requests: float) -> float:
    """Return how many lazy files of a source are asked for, on average over all sources."""
    return sum(share_asked_for(requests, each.share) for each in files)


def mean_cpu_seconds(files: Sequence[LazyFile], requests: float) -> float:
    """Return the CPU seconds of a first request, on average over those that come."""
    asked = [share_asked_for(requests, each.share) for each in files]
    if not sum(asked):
        return 0.0
    return sum(a * each.cpu_seconds for a, each in zip(asked, files, strict=True)) / sum(asked)


def first_requests_dollars(
    files: Sequence[LazyFile],
    requests: float,
    architecture: Architecture = Architecture.ARM,
    *,
    factor: float = 1.0,
) -> float:
    """Return dollars for the first requests of a million sources."""
    bill = first_request_bill(mean_cpu_seconds(files, requests), architecture, factor=factor)
    return files_asked_for(files, requests) * total(bill)


def lazy_monthly(files: Sequence[LazyFile], requests: float) -> float:
    """Return dollars a month for the lazy files of a million sources, and their tags."""
    return MILLION * sum(
        share_asked_for(requests, each.share) * lazy_storage_dollars_a_month(each.size_bytes)
        for each in files
    )


def most_requests(cost: Callable[[float], float], most_dollars: float) -> float:
    """Return up to how many requests a source `cost`, which grows with them, is at most this.

    0 if it always costs more; infinity if it never does.
    """
    low, high = LEAST_REQUESTS, MOST_REQUESTS
    if cost(low) > most_dollars:
        return 0.0
    if cost(high) <= most_dollars:
        return inf
    while high / low > 1.01:
        middle = sqrt(low * high)
        low, high = (middle, high) if cost(middle) <= most_dollars else (low, middle)
    return low


def purge_bill() -> tuple[Item, ...]:
    """Return what the purge of a removed picture costs, after the free paths of a month."""
    keys = POLICY.paths_at_once // PATHS_PER_KEY
    share = PURGES_PER_KEY / keys
    return (
        Item("CloudFront: two paths, twice", PURGES_PER_KEY * PATHS_PER_KEY, PURGED_PATH),
        Item(
            "SQS: sent twice; shares of receiving and deleting",
            PURGES_PER_KEY + 2 * share,
            SQS_REQUEST,
        ),
        Item("DynamoDB: the purge that is due, and the count of paths", 1 + share, WRITE),
        Item("DynamoDB: the count of paths, read", share, READ),
        Item("Lambda: a share of two invocations", share, INVOCATION),
        Item(
            "Lambda: their time",
            share * PURGE_SECONDS * PURGE_GIGABYTES,
            gigabyte_second(Architecture.ARM),
        ),
    )
