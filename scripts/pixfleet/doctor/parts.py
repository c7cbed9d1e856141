"""Whether ledger, function and distribution are there and ready, and of which versions."""

from collections.abc import Iterator

from scripts.pixfleet.doctor.result import Finding, judged, skipped
from scripts.pixfleet.doctor.stack_under_test import Patient
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.cloud.status_index import StatusIndex
from shared.model.entry import PUBLISHED
from shared.model.versions import ENGINE_VERSION, WORKER_VERSION

LEDGER, FUNCTION, EDGE, VERSIONS = "ledger", "function", "edge", "versions"


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of the parts."""
    yield from _ledger(patient)
    yield from _function(patient)
    yield from _edge(patient)
    yield from _versions(patient)


def _ledger(patient: Patient) -> Iterator[Finding]:
    name, index = patient.stack.ledger_table, patient.stack.status_index
    table = patient.clients.dynamodb.describe_table(TableName=name)["Table"]
    indexes = {
        str(each["IndexName"]): str(each.get("IndexStatus", "ACTIVE"))
        for each in table.get("GlobalSecondaryIndexes", [])
    }
    states = {name: table["TableStatus"], index: indexes.get(index, "missing")}
    is_right = all(state == "ACTIVE" for state in states.values())
    told = ", ".join(f"{part} is {state}" for part, state in states.items())
    yield judged(LEDGER, is_right, told, "wait while it says UPDATING, else terraform apply")


def _function(patient: Patient) -> Iterator[Finding]:
    stack = patient.stack
    if not stack.function:
        yield skipped(FUNCTION, "no Lambda function: a runner does the work")
        return
    told = patient.function
    state = told.get("State", "Active")
    yield judged(
        FUNCTION,
        state in {"Active", "Inactive"},
        f"{stack.function} is {state} {told.get('StateReason', '')}".strip(),
        "deploy a package that can be loaded (`make package`, terraform apply)",
    )
    real = (told.get("MemorySize"), *told.get("Architectures", []))
    written = (stack.memory_mb, stack.architecture)
    yield judged(
        FUNCTION,
        real == written,
        "{} MB on {}".format(*real),
        "terraform apply: expected {} MB on {}".format(*written),
    )


def _edge(patient: Patient) -> Iterator[Finding]:
    distribution = patient.stack.distribution
    if distribution is None:
        yield skipped(EDGE, "no distribution")
        return
    told = patient.clients.cloudfront.get_distribution(Id=distribution.id)["Distribution"]
    is_enabled, status = told["DistributionConfig"]["Enabled"], told["Status"]
    yield judged(
        EDGE,
        is_enabled,
        f"{distribution.id} is {'enabled' if is_enabled else 'disabled'} and {status}",
        "terraform apply: a disabled distribution answers nobody",
    )


def _versions(patient: Patient) -> Iterator[Finding]:
    """Compare with what the newest source was made by: a function does not tell its version."""
    stack, dynamodb = patient.stack, patient.clients.dynamodb
    python = f", on {patient.function.get('Runtime')}" if stack.function else ""
    yield Finding(VERSIONS, f"this pixfleet is {WORKER_VERSION}, engine {ENGINE_VERSION}{python}")
    newest = StatusIndex(dynamodb, stack.ledger_table, stack.status_index).newest(
        PUBLISHED, most=1
    )
    if not newest:
        yield skipped(VERSIONS, "nothing is published yet that would tell the worker's engine")
        return
    entry = Ledger(dynamodb, stack.ledger_table, SystemClock()).read(newest[0].key)
    yield judged(
        VERSIONS,
        entry.engine == ENGINE_VERSION,
        f"the newest variants were made by engine {entry.engine or 'unknown'}",
        f"use the pixfleet of the deployed version, or deploy engine {ENGINE_VERSION}: "
        "`pixfleet dlq try` and `plan` render with this one",
    )
