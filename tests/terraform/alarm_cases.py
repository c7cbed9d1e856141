"""For every alarm, a series that must trigger it, and the nearest one that must not."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.terraform.cloudwatch import Metric, Series, metric

OUTSIDE_CAUSES = (
    "access_denied",
    "ledger_unavailable",
    "render_unavailable",
    "storage_unavailable",
    "throttled",
)
# The same values as the module's test run whose plan is read.
TARGETS = {"live": 300, "bulk": 86400}
TIMEOUT_SECONDS = 300
FLEET = "pixfleet"
DEAD_LETTERS = metric(
    "AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="pixfleet-dead-letter"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One alarm; those in `also` watch the same metric and trigger at the same bad series."""

    alarm: str
    bad: Series
    good: Series
    also: frozenset[str] = field(default=frozenset())


def cases() -> tuple[Case, ...]:
    """Return at least one case for each alarm of two lanes."""
    return (
        *_of_dead_letters(),
        *_of_lanes(),
        *_of_shares(),
        *_of_the_function(),
        *_of_causes(),
        *_of_the_renderer(),
        *_of_purges(),
        *_of_the_api(),
        *_of_notifications(),
    )


def _of_dead_letters() -> Iterator[Case]:
    yield Case("dead-letters", bad={DEAD_LETTERS: [[0], [1]]}, good={DEAD_LETTERS: [[1], [0]]})
    yield Case(
        "dead-letters-many",
        bad={DEAD_LETTERS: [[9], [10]]},
        good={DEAD_LETTERS: [[0], [0]]},
        also=frozenset({"dead-letters"}),
    )


def _of_lanes() -> Iterator[Case]:
    for lane, target in TARGETS.items():
        age = metric("AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName=f"pixfleet-{lane}")
        complete = _by_lane("complete_seconds", lane)
        new = _by_lane("dead_letters", lane)
        yield Case(
            f"oldest-message-{lane}",
            bad={age: [[target + 1]] * 3},
            good={age: [[target + 1], [target + 1], [target], [target], [0]]},
        )
        yield Case(
            f"complete-seconds-{lane}",
            bad={complete: [[2.0] * 90 + [target + 5.0] * 10]},
            good={complete: [[2.0] * 97 + [target + 5.0] * 3]},
        )
        yield from _of_deliveries(lane)
        yield Case(f"new-dead-letters-{lane}", bad={new: [[1]]}, good={new: [[1], []]})


def _of_deliveries(lane: str) -> Iterator[Case]:
    for name in ("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"):
        undelivered = metric("AWS/Events", name, RuleName=f"{FLEET}-{lane}")
        yield Case(
            f"undelivered-events-{lane}", bad={undelivered: [[1]]}, good={undelivered: [[1], []]}
        )


def _of_shares() -> Iterator[Case]:
    for lane in TARGETS:
        failures, rejections = _by_lane("failures", lane), _by_lane("rejections", lane)
        made, current = _images(lane, "made"), _images(lane, "current")
        yield Case(
            f"error-rate-{lane}",
            bad={made: [[1] * 85] * 3, current: [[1] * 10] * 3, failures: [[1] * 5, [], [1] * 5]},
            good={made: [[1] * 86] * 3, current: [[1] * 10] * 3, failures: [[1] * 4] * 3},
        )
        yield Case(
            f"error-rate-{lane}",
            bad={failures: [[1] * 10] * 2},  # no request at all
            good={made: [[1] * 5] * 3, failures: [[1] * 4] * 3},  # too few records for a share
        )
        yield Case(
            f"rejected-rate-{lane}",
            bad={made: [[1] * 8] * 2, rejections: [[1, 1]] * 2, failures: [[1, 1]] * 2},
            good={made: [[1] * 9] * 3, failures: [[1, 1]] * 3, rejections: [[1], [1], []]},
        )
    # Only the lane that forwards has this alarm.
    forwards, made = _by_lane("forwards", "live"), _images("live", "made")
    yield Case(
        "forwarded-rate-live",
        bad={made: [[1] * 8] * 2, forwards: [[1, 1]] * 2},
        good={made: [[1] * 9] * 3, forwards: [[1, 1], [1], []]},
    )


def _of_the_function() -> Iterator[Case]:
    errors, invocations = _function("Errors"), _function("Invocations")
    throttles, duration = _function("Throttles"), _function("Duration")
    most = TIMEOUT_SECONDS * 1000 * 0.8
    yield Case(
        "crashes",
        bad={errors: [[1] * 5] * 2, invocations: [[1] * 100] * 2},
        good={errors: [[1] * 4] * 3, invocations: [[1] * 100] * 3},
    )
    yield Case("throttles", bad={throttles: [[1], [0], [1]]}, good={throttles: [[1], [0], [0]]})
    yield Case(
        "duration",
        bad={duration: [[1000.0] * 9 + [most + 2000] * 1] * 3 + [[most + 1] * 20] * 2},
        good={duration: [[1000.0] * 97 + [most + 1] * 3] * 3},
    )
    errors_at_edge = metric(
        "AWS/CloudFront", "5xxErrorRate", DistributionId="E2QWRUHAPOMQZL", Region="Global"
    )
    yield Case(
        "edge-errors",
        bad={errors_at_edge: [[1.0], [0.0], [1.5]]},
        good={errors_at_edge: [[0.9], [5.0], [0.9]]},
    )


def _of_causes() -> Iterator[Case]:
    for cause in OUTSIDE_CAUSES:
        stopped = metric("Pixfleet", "batches_stopped", fleet=FLEET, cause=cause)
        yield Case(
            f"batches-stopped-{cause.replace('_', '-')}",
            bad={stopped: [[1], [1, 1]]},
            good={stopped: [[1], [], []]},
        )


def _of_the_renderer() -> Iterator[Case]:
    errors, invocations = _renderer("Errors"), _renderer("Invocations")
    throttles, duration = _renderer("Throttles"), _renderer("Duration")
    yield Case(
        "renderer-errors",
        bad={errors: [[1]] * 2, invocations: [[1] * 100] * 2},
        good={errors: [[1]] * 3, invocations: [[1] * 101] * 3},
    )
    unavailable = metric("Pixfleet", "answers", fleet=FLEET, answered="unavailable")
    yield Case(
        "renderer-unavailable",
        bad={unavailable: [[1] * 5] * 2, invocations: [[1] * 100] * 2},
        good={unavailable: [[1] * 5] * 3, invocations: [[1] * 101] * 3},
    )
    yield Case(
        "renderer-unavailable",
        bad={unavailable: [[1], [1]], invocations: [[1] * 10] * 2},
        good={unavailable: [[1] * 9] * 3, invocations: [[1] * 9] * 3},  # too few for a share
    )
    yield Case(
        "renderer-throttles",
        bad={throttles: [[1], [0], [1]]},
        good={throttles: [[1], [0], [0]]},
    )
    yield Case(
        "renders",
        bad={_of_fleet("on_demand_renders"): [[3001], [0], [3001]]},
        good={_of_fleet("on_demand_renders"): [[3001], [3000], [3000]]},
    )
    # 2 GB for $10: 375,000 seconds at $0.0000133334 a GB-second.
    yield Case(
        "renderer-spend",
        bad={duration: [[375e6 * 1.001]], invocations: [[1]]},
        good={duration: [[375e6 * 0.999]], invocations: [[1]]},
    )
    yield Case(
        "not-found",
        bad={_of_fleet("not_found"): [[3000], [0], [3000]]},
        good={_of_fleet("not_found"): [[3000], [2999], [2999]]},
    )
    yield Case(
        "edge-blind",
        bad={_of_fleet("edge_blind"): [[1, 1, 1], [], [1, 1, 1]]},
        good={_of_fleet("edge_blind"): [[1, 1, 1], [1, 1], []]},
    )


def _of_purges() -> Iterator[Case]:
    failed = _of_fleet("purge_failures")
    errors = metric("AWS/Lambda", "Errors", FunctionName="pixfleet-purge")
    over = _of_fleet("purges_over_budget")
    age = _of_fleet("purge_age_seconds")
    yield Case("purge-failures", bad={failed: [[7], [], [1]]}, good={failed: [[7], [], []]})
    yield Case("purge-failures", bad={errors: [[1], [0], [1]]}, good={errors: [[1], [0], [0]]})
    yield Case("purge-budget", bad={over: [[1]]}, good={over: [[1], []]})
    yield Case("purge-age", bad={age: [[12, 301], [301]]}, good={age: [[301], [300]]})


def _of_the_api() -> Iterator[Case]:
    requests, failed, refused = _api("Count"), _api("5xx"), _api("4xx")
    yield Case(
        "api-errors",
        bad={requests: [[1] * 100] * 2, failed: [[1], [1]]},
        good={requests: [[1] * 101] * 3, failed: [[1], [1], [1]]},
    )
    yield Case(
        "api-errors",
        bad={requests: [[1] * 10] * 2, failed: [[1], [1]]},
        good={requests: [[1] * 9] * 3, failed: [[1] * 9] * 3},  # too few for a share
    )
    yield Case(
        "api-refusals",
        bad={requests: [[1] * 20] * 2, refused: [[1] * 10] * 2},
        good={requests: [[1] * 20] * 3, refused: [[1] * 9] * 3},
    )


def _of_notifications() -> Iterator[Case]:
    for name in (
        "NumberOfNotificationsRedrivenToDlq",
        "NumberOfNotificationsFailedToRedriveToDlq",
    ):
        failed = metric("AWS/SNS", name, TopicName="pixfleet-changes")
        yield Case("notifications", bad={failed: [[0], [1]]}, good={failed: [[1], [0]]})


def _api(name: str) -> Metric:
    return metric("AWS/ApiGateway", name, ApiId="a1b2c3d4e5")


def _renderer(name: str) -> Metric:
    return metric("AWS/Lambda", name, FunctionName="pixfleet-renderer")


def _of_fleet(name: str) -> Metric:
    return metric("Pixfleet", name, fleet=FLEET)


def _by_lane(name: str, lane: str) -> Metric:
    return metric("Pixfleet", name, fleet=FLEET, lane=lane)


def _images(lane: str, outcome: str) -> Metric:
    return metric("Pixfleet", "images", fleet=FLEET, lane=lane, outcome=outcome)


def _function(name: str) -> Metric:
    return metric("AWS/Lambda", name, FunctionName="pixfleet-worker")
