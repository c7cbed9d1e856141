"""How fast a fleet gets its workers, and how fast its events come: AWS's documented rates."""

from math import ceil

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: a standard event source
# mapping begins with 5 batches at once and adds 300 a minute, up to 1,250; `maximum_concurrency`
# is at most 1,000.
FIRST_BATCHES, BATCHES_A_MINUTE, MOST_BATCHES = 5, 300, 1_000
# The same page: a poller of provisioned mode invokes 10 functions at once; 2 is the least number
# of pollers, and 1,000 more functions are invoked each minute. It excludes `maximum_concurrency`.
FIRST_PROVISIONED, PROVISIONED_A_MINUTE = 20, 1_000
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html: each function gets 1,000
# execution environments more in each 10 s.
ENVIRONMENTS, ENVIRONMENTS_SECONDS = 1_000, 10
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html: invocations of targets a
# second, in the largest regions and in the smallest.
MOST_EVENTS_A_SECOND, LEAST_EVENTS_A_SECOND = 18_750, 750


def lanes_of(workers: int) -> int:
    """Return how many lanes so many workers need."""
    return ceil(workers / MOST_BATCHES)


def start_seconds(worker: float, workers: int) -> float:
    """Return when a worker begins, of `workers` whose lanes grow at the same time.

    The mapping's pollers come after the rate above, and an environment is never there sooner than
    Lambda's own growth allows.
    """
    lanes = lanes_of(workers)
    by_pollers = max(0.0, worker / lanes - FIRST_BATCHES) / BATCHES_A_MINUTE * 60
    return max(by_pollers, environment_seconds(worker))


def provisioned_seconds(worker: float) -> float:
    """Return when a worker begins whose event source mapping has the least provisioned pollers."""
    by_pollers = max(0.0, worker - FIRST_PROVISIONED) / PROVISIONED_A_MINUTE * 60
    return max(by_pollers, environment_seconds(worker))


def environment_seconds(worker: float) -> float:
    """Return when Lambda has so many execution environments of one function."""
    return max(0.0, ceil(worker / ENVIRONMENTS) - 1) * ENVIRONMENTS_SECONDS


def arrival_seconds(images: int, events_a_second: float) -> float:
    """Return how long EventBridge takes for the events of so many images."""
    return images / events_a_second
