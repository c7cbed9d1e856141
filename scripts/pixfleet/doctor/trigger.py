"""Whether what happens in the sources bucket reaches a lane, and a lane the worker."""

from collections.abc import Iterator
from json import loads

from scripts.pixfleet.doctor.result import Finding, judged, skipped, wrong
from scripts.pixfleet.doctor.stack_under_test import Patient
from scripts.pixfleet.stack.document import LIVE, Lane

AREA = "trigger"
EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
BATCH_SIZE = 10
PARTIAL = "ReportBatchItemFailures"
APPLY = "terraform apply: somebody has changed it by hand"


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of notifications, rules and event source mappings."""
    if patient.stack.trigger == "eventbridge":
        yield from _rules(patient)
    else:
        yield _notification(patient)
    for name, lane in patient.stack.lanes.items():
        yield from _mapping(patient, name, lane)


def _notification(patient: Patient) -> Finding:
    bucket, queue = patient.stack.sources_bucket, patient.stack.lanes[LIVE].queue
    told = patient.clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    ours = [
        each
        for each in told.get("QueueConfigurations", [])
        if each["QueueArn"].rpartition(":")[2] == queue and not each.get("Filter")
    ]
    events = {event for each in ours for event in each["Events"]}
    missing = [event for event in EVENTS if event not in events]
    return judged(
        AREA,
        not missing,
        f"{bucket} tells {queue} of {', '.join(sorted(events)) or 'nothing'}",
        f"terraform apply: expected {' and '.join(missing)} without a filter; a bucket has one "
        "such document, and somebody may have replaced it. Then `pixfleet verify --repair`",
    )


def _rules(patient: Patient) -> Iterator[Finding]:
    bucket, clients = patient.stack.sources_bucket, patient.clients
    told = clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    yield judged(
        AREA,
        "EventBridgeConfiguration" in told,
        f"{bucket} and EventBridge",
        f"switch on EventBridge for {bucket}, then `pixfleet verify --repair`",
    )
    for name, lane in patient.stack.lanes.items():
        # A lane without prefixes has a rule only if it is the one for all other keys.
        if name == LIVE or lane.prefixes:
            yield _rule(patient, name, lane)


def _rule(patient: Patient, name: str, lane: Lane) -> Finding:
    events, rule = patient.clients.events, f"{patient.stack.prefix}-{name}"
    try:
        told = events.describe_rule(Name=rule)
    except events.exceptions.ResourceNotFoundException:
        return wrong(AREA, f"no EventBridge rule {rule}", APPLY)
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    buckets = loads(told.get("EventPattern", "{}")).get("detail", {}).get("bucket", {})
    found = {
        f"the rule is {told['State']}": told["State"] == "ENABLED",
        f"its targets do not include {lane.queue}": any(
            each["Arn"].rpartition(":")[2] == lane.queue for each in targets
        ),
        f"it is not for {patient.stack.sources_bucket}": patient.stack.sources_bucket
        in buckets.get("name", []),
    }
    bad = [what for what, is_right in found.items() if not is_right]
    return judged(AREA, not bad, f"rule {rule}: {'; '.join(bad) or f'to {lane.queue}'}", APPLY)


def _mapping(patient: Patient, name: str, lane: Lane) -> Iterator[Finding]:
    if not lane.mapping_id:
        yield skipped(AREA, f"{name}: no event source mapping; a runner polls {lane.queue}")
        return
    told = patient.clients.functions.get_event_source_mapping(UUID=lane.mapping_id)
    stack, state = patient.stack, told.get("State", "unknown")
    alias = f":function:{stack.function}:{stack.function_alias}".rstrip(":")
    concurrency = told.get("ScalingConfig", {}).get("MaximumConcurrency")
    yield judged(
        AREA,
        state == "Enabled",
        f"{name}: its event source mapping is {state}",
        f"aws lambda update-event-source-mapping --uuid {lane.mapping_id} --enabled",
    )
    found = {
        f"batches of {told.get('BatchSize')}": told.get("BatchSize") == BATCH_SIZE,
        f"does not {PARTIAL}": PARTIAL in told.get("FunctionResponseTypes", []),
        f"for {told.get('FunctionArn')}": told.get("FunctionArn", "").endswith(alias),
        f"from {told.get('EventSourceArn')}": told.get("EventSourceArn", "").rpartition(":")[2]
        == lane.queue,
        f"{concurrency} batches at once": concurrency == lane.maximum_concurrency,
    }
    bad = [what for what, is_right in found.items() if not is_right]
    yield judged(
        AREA,
        not bad,
        f"{name}: {'; '.join(bad) or f'{BATCH_SIZE} a batch, partial failures told'}",
        f"{APPLY}; expected {BATCH_SIZE} a batch from {lane.queue} for {alias[1:]} with "
        f"{PARTIAL}, {lane.maximum_concurrency} at once",
    )
