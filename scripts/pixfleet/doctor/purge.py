"""Checks what has CloudFront evict removed pictures: the purge queue and its function."""

from collections.abc import Iterator

from scripts.pixfleet.doctor.finding import Finding, ok_or_wrong, skipped
from scripts.pixfleet.doctor.queues import TIMEOUTS_PER_VISIBILITY
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.doctor.trigger import PARTIAL
from scripts.pixfleet.stack.ssm_parameter import Purge

AREA = "purge"
APPLY = "terraform apply"
# CloudFront keeps no answer longer without asking S3 again, so older messages are of no use.
RETENTION_SECONDS = 900


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about the purge queue, its function and the event source mapping."""
    purge = subject.stack.purge
    if purge is None:
        yield skipped(
            AREA, "this stack does not purge: removed pictures leave the cache in minutes"
        )
        return
    yield _retention(subject, purge)
    if not purge.function:
        yield skipped(AREA, f"no function works off {purge.queue}")
        return
    yield from _function(subject, purge)
    yield from _mapping(subject, purge)


def _retention(subject: StackUnderTest, purge: Purge) -> Finding:
    attributes = subject.queue(purge.queue)
    seconds = int(attributes["MessageRetentionPeriod"])
    limits = "and has a limit of receives" if "RedrivePolicy" in attributes else ""
    return ok_or_wrong(
        AREA,
        seconds == RETENTION_SECONDS and not limits,
        f"{purge.queue} keeps messages {seconds} s {limits}".rstrip(),
        f"{APPLY}: expected {RETENTION_SECONDS} s and no redrive policy: CloudFront may throttle "
        "for minutes, and older messages do no good",
    )


def _function(subject: StackUnderTest, purge: Purge) -> Iterator[Finding]:
    found = subject.clients.functions.get_function_configuration(
        FunctionName=purge.function, Qualifier=purge.function_alias or "$LATEST"
    )
    state = found.get("State", "Active")
    yield ok_or_wrong(
        AREA,
        state in {"Active", "Inactive"},
        f"{purge.function} is {state} {found.get('StateReason', '')}".strip(),
        "deploy a package that can be loaded (`make package`, terraform apply)",
    )
    seconds = int(subject.queue(purge.queue)["VisibilityTimeout"])
    timeout = found["Timeout"]
    least = TIMEOUTS_PER_VISIBILITY * timeout
    yield ok_or_wrong(
        AREA,
        seconds >= least,
        f"{purge.queue}: the visibility timeout is {seconds} s, the function's {timeout} s",
        f"{APPLY}: expected at least {least} s, six timeouts of the function",
    )
    distribution = subject.stack.distribution
    expected = distribution.id if distribution else "none"
    purged = found.get("Environment", {}).get("Variables", {}).get("PIXFLEET_DISTRIBUTION_ID")
    yield ok_or_wrong(
        AREA,
        purged == expected,
        f"{purge.function} purges {purged or 'no distribution'}",
        f"{APPLY}: expected {expected}, which viewers ask",
    )


def _mapping(subject: StackUnderTest, purge: Purge) -> Iterator[Finding]:
    mapping = subject.clients.functions.get_event_source_mapping(UUID=purge.mapping_id)
    state = mapping.get("State", "unknown")
    yield ok_or_wrong(
        AREA,
        state == "Enabled",
        f"its event source mapping is {state}",
        f"aws lambda update-event-source-mapping --uuid {purge.mapping_id} --enabled: "
        "nothing is purged meanwhile",
    )
    source, function = mapping.get("EventSourceArn", ""), mapping.get("FunctionArn", "")
    alias = f":function:{purge.function}:{purge.function_alias}".rstrip(":")
    found = {
        f"from {source}": source.rpartition(":")[2] == purge.queue,
        f"for {function}": function.endswith(alias),
        f"does not {PARTIAL}": PARTIAL in mapping.get("FunctionResponseTypes", []),
    }
    bad = [what for what, is_right in found.items() if not is_right]
    yield ok_or_wrong(
        AREA,
        not bad,
        f"its messages: {'; '.join(bad) or f'from {purge.queue} to {purge.function}'}",
        f"{APPLY}; expected {purge.queue} for {alias[1:]} with {PARTIAL}",
    )
