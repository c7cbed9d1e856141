"""Compares what a plan needs with the account's quotas of Lambda, before the apply."""

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.doctor.finding import Finding, FindingStatus, ok_or_wrong
from scripts.pixfleet.doctor.planned_functions import PlannedFunction
from scripts.pixfleet.stack.access import is_denied, message_and_code
from scripts.pixfleet.stack.clients import AwsClients

CONCURRENCY = "concurrency"
MEMORY = "memory"
# Lambda keeps as many for the functions that reserve none, and refuses a reservation that would
# leave fewer. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
UNRESERVED_AT_LEAST = 100
# New accounts begin with less than 10,240 MB, and Service Quotas has no constant code for it.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MEMORY_QUOTA = "Function memory maximum"
QUOTAS = "Service Quotas \u2192 AWS Lambda"


def check_quotas(clients: AwsClients, functions: Sequence[PlannedFunction]) -> Iterator[Finding]:
    """Yield a finding for each quota; one that AWS does not return is `UNSEEN`."""
    for area, action, check in (
        (CONCURRENCY, "lambda:GetAccountSettings", _concurrency),
        (MEMORY, "servicequotas:ListServiceQuotas", _memory),
    ):
        try:
            yield from check(clients, functions)
        except (ClientError, BotoCoreError) as refused:
            what, _ = message_and_code(refused)
            is_permission = isinstance(refused, ClientError) and is_denied(refused)
            remedy = f"allow {action} on *" if is_permission else f"look at {QUOTAS}"
            yield Finding(area, what, FindingStatus.UNSEEN, remedy)


def _concurrency(clients: AwsClients, functions: Sequence[PlannedFunction]) -> Iterator[Finding]:
    limit = clients.functions.get_account_settings()["AccountLimit"]
    total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    added = sum(each.reserved - each.reserved_before for each in functions)
    free = max(0, unreserved - UNRESERVED_AT_LEAST)
    yield ok_or_wrong(
        CONCURRENCY,
        added <= free,
        f"the plan reserves {_parts(functions)}, {added:,} more than now; {free:,} of the "
        f"account's {total:,} concurrent executions can still be reserved",
        f"request {total - unreserved + UNRESERVED_AT_LEAST + added:,} ({QUOTAS} \u2192 "
        "Concurrent executions), or reserve none until then: docs/deploy.md, A new account",
    )


def _parts(functions: Sequence[PlannedFunction]) -> str:
    reserved = [f"{each.reserved:,} for {each.name}" for each in functions if each.reserved]
    return " and ".join(reserved) or "no concurrency"


def _memory(clients: AwsClients, functions: Sequence[PlannedFunction]) -> Iterator[Finding]:
    most = max(functions, key=lambda each: each.memory_mb, default=None)
    if most is None:
        yield Finding(MEMORY, "the plan has no function", FindingStatus.SKIPPED)
        return
    quota = _memory_quota(clients)
    needs = f"{most.name} gets {most.memory_mb:,} MB"
    if quota is None:
        yield Finding(
            MEMORY,
            f"{needs}; Service Quotas does not list {MEMORY_QUOTA!r}",
            FindingStatus.UNSEEN,
            f"look at {QUOTAS}: a new account may have 3,008 MB",
        )
        return
    yield ok_or_wrong(
        MEMORY,
        most.memory_mb <= quota,
        f"{needs}, and the account allows {quota:,} MB",
        f"request more ({QUOTAS} \u2192 {MEMORY_QUOTA}), or set memory_mb to {quota:,} or less",
    )


def _memory_quota(clients: AwsClients) -> int | None:
    pages = clients.quotas.get_paginator("list_service_quotas").paginate(ServiceCode="lambda")
    quotas = (each for page in pages for each in page["Quotas"])
    return next(
        (int(each["Value"]) for each in quotas if each.get("QuotaName") == MEMORY_QUOTA), None
    )
