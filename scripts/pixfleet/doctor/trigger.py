"""Checks that events of the sources bucket reach a lane, and the lane's messages the worker."""

from collections.abc import Iterator, Sequence
from json import loads
from typing import TYPE_CHECKING

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.ssm_parameter import LIVE, Lane

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetOutputTypeDef

AREA = "trigger"
EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
PARTIAL = "ReportBatchItemFailures"
APPLY = "terraform apply: it was changed by hand"


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about notifications, rules and event source mappings."""
    if subject.stack.trigger == "eventbridge":
        yield from _rules(subject)
    else:
        yield _notification(subject)
    for name, lane in subject.stack.lanes.items():
        yield from _mapping(subject, name, lane)


def _notification(subject: StackUnderTest) -> Finding:
    bucket, queue = subject.stack.sources_bucket, subject.stack.lanes[LIVE].queue
    notifications = subject.clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    ours = [
        each
        for each in notifications.get("QueueConfigurations", [])
        if each["QueueArn"].rpartition(":")[2] == queue and not each.get("Filter")
    ]
    events = {event for each in ours for event in each["Events"]}
    missing = [event for event in EVENTS if event not in events]
    return ok_or_wrong(
        AREA,
        not missing,
        f"{bucket} notifies {queue} of {', '.join(sorted(events)) or 'nothing'}",
        f"terraform apply: expected {' and '.join(missing)} without a filter. A bucket has "
        "one notification configuration, which somebody replaced. Then `pixfleet verify --repair`",
    )


def _rules(subject: StackUnderTest) -> Iterator[Finding]:
    bucket, clients = subject.stack.sources_bucket, subject.clients
    notifications = clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    yield ok_or_wrong(
        AREA,
        "EventBridgeConfiguration" in notifications,
        f"{bucket} and EventBridge",
        f"switch on EventBridge for {bucket}, then `pixfleet verify --repair`",
    )
    for name, lane in subject.stack.lanes.items():
        # The live lane has a rule for all other keys; another lane only if it has prefixes.
        if name == LIVE or lane.prefixes:
            yield from _rule(subject, name, lane)


def _rule(subject: StackUnderTest, name: str, lane: Lane) -> Iterator[Finding]:
    events, rule = subject.clients.events, f"{subject.stack.prefix}-{name}"
    try:
        described = events.describe_rule(Name=rule)
    except events.exceptions.ResourceNotFoundException:
        yield wrong(AREA, f"no EventBridge rule {rule}", APPLY)
        return
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    buckets = loads(described.get("EventPattern", "{}")).get("detail", {}).get("bucket", {})
    found = {
        f"the rule is {described['State']}": described["State"] == "ENABLED",
        f"its targets do not include {lane.queue}": any(
            each["Arn"].rpartition(":")[2] == lane.queue for each in targets
        ),
        f"it is not for {subject.stack.sources_bucket}": subject.stack.sources_bucket
        in buckets.get("name", []),
    }
    bad = [what for what, is_right in found.items() if not is_right]
    yield ok_or_wrong(AREA, not bad, f"rule {rule}: {'; '.join(bad) or f'to {lane.queue}'}", APPLY)
    if targets:
        yield _undelivered(subject, rule, described["Arn"], targets)


def _undelivered(
    subject: StackUnderTest, rule: str, arn: str, targets: "Sequence[TargetOutputTypeDef]"
) -> Finding:
    """Check that an event that EventBridge cannot deliver is kept.

    EventBridge drops it if the target has no dead-letter queue, or one that it may not send to.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    queue = subject.stack.dead_letter_queue
    queues = {each.get("DeadLetterConfig", {}).get("Arn", "nowhere") for each in targets}
    names = {each.rpartition(":")[2] for each in queues}
    # A policy that does not name the rule cannot allow it.
    is_named = arn in subject.queue(queue).get("Policy", "")
    what = f"to {', '.join(sorted(names))}" + (
        "" if is_named else f", but {queue} does not allow it"
    )
    return ok_or_wrong(
        AREA,
        names == {queue} and is_named,
        f"rule {rule}: what cannot be delivered goes {what}",
        f"{APPLY}; `pixfleet verify --repair` finds the sources of lost events",
    )


def _mapping(subject: StackUnderTest, name: str, lane: Lane) -> Iterator[Finding]:
    if not lane.mapping_id:
        yield skipped(AREA, f"{name}: no event source mapping; a runner polls {lane.queue}")
        return
    mapping = subject.clients.functions.get_event_source_mapping(UUID=lane.mapping_id)
    stack, state = subject.stack, mapping.get("State", "unknown")
    worker = stack.size_of(name) or stack
    alias = f":function:{worker.function}:{worker.function_alias}".rstrip(":")
    source = mapping.get("EventSourceArn", "unknown")
    concurrency = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
    yield ok_or_wrong(
        AREA,
        state == "Enabled",
        f"{name}: its event source mapping is {state}",
        f"aws lambda update-event-source-mapping --uuid {lane.mapping_id} --enabled",
    )
    found = {
        f"batches of {mapping.get('BatchSize')}": mapping.get("BatchSize") == lane.batch_size,
        f"does not {PARTIAL}": PARTIAL in mapping.get("FunctionResponseTypes", []),
        f"for {mapping.get('FunctionArn')}": mapping.get("FunctionArn", "").endswith(alias),
        f"from {source}": source.rpartition(":")[2] == lane.queue,
        f"{concurrency} batches at once": concurrency == lane.maximum_concurrency,
    }
    bad = [what for what, is_right in found.items() if not is_right]
    yield ok_or_wrong(
        AREA,
        not bad,
        f"{name}: {'; '.join(bad) or f'{lane.batch_size} a batch, partial batch responses'}",
        f"{APPLY}; expected {lane.batch_size} a batch from {lane.queue} for {alias[1:]} with "
        f"{PARTIAL}, {lane.maximum_concurrency} at once",
    )
