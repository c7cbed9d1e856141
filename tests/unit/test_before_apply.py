"""`pixfleet doctor --before-apply`: a plan and the account's quotas of Lambda."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.pixfleet import cli
from scripts.pixfleet.doctor.before_apply import check_quotas
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.planned_functions import (
    DEFAULTS,
    PlannedFunction,
    planned_functions,
)
from scripts.pixfleet.stack.clients import AwsClients
from tests.support.fakes import client_error
from tests.terraform.folders import STACK, blocks

pytestmark = pytest.mark.unit


def account(total: int, *, reserved: int = 0, memory_mb: int | None = 10_240) -> Any:  # noqa: ANN401 - only the calls of these checks
    """Return the clients of an account with these quotas."""
    limit = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": total - reserved}
    quotas = [{"QuotaName": "Concurrent executions", "Value": float(total)}]
    if memory_mb:
        quotas.append({"QuotaName": "Function memory maximum", "Value": float(memory_mb)})
    pages = [{"Quotas": [each]} for each in quotas]
    return SimpleNamespace(
        functions=SimpleNamespace(get_account_settings=lambda: {"AccountLimit": limit}),
        quotas=SimpleNamespace(
            get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: iter(pages))
        ),
    )


def statuses(found: list[Finding]) -> list[FindingStatus]:
    return [each.status for each in found]


def test_an_account_of_the_usual_size_takes_the_default_stack() -> None:
    concurrency, memory = check_quotas(account(1_000), DEFAULTS)

    assert statuses([concurrency, memory]) == [FindingStatus.OK, FindingStatus.OK]
    assert concurrency.what == (
        "the plan reserves 70 for worker and 10 for renderer, 80 more than now; 900 of the "
        "account's 1,000 concurrent executions can still be reserved"
    )


@pytest.mark.parametrize(
    ("total", "reserved", "to_request"),
    [(10, 0, ["180"]), (179, 0, ["180"]), (180, 0, []), (230, 51, ["231"])],
)
def test_a_plan_reserves_at_most_what_lambda_lets_it(
    total: int, reserved: int, to_request: list[str]
) -> None:
    found, _ = check_quotas(account(total, reserved=reserved), DEFAULTS)

    assert (found.status is FindingStatus.OK) is (not to_request)
    assert re.findall(r"request ([\d,]+)", found.remedy) == to_request


def test_what_is_reserved_now_counts_once() -> None:
    again = [PlannedFunction("worker", memory_mb=1769, reserved=70, reserved_before=70)]

    found, _ = check_quotas(account(170, reserved=70), again)

    assert found.status is FindingStatus.OK


def test_a_new_account_may_have_too_little_memory() -> None:
    large = [PlannedFunction("photos-worker", memory_mb=4096, reserved=0)]

    _, found = check_quotas(account(1_000, memory_mb=3008), large)

    assert found.status is FindingStatus.WRONG
    assert found.what == "photos-worker gets 4,096 MB, and the account allows 3,008 MB"


def test_a_quota_that_is_not_shown_is_not_called_enough() -> None:
    def deny() -> None:
        raise client_error("AccessDeniedException", 403)

    clients = account(1_000, memory_mb=None)
    clients.functions.get_account_settings = deny

    concurrency, memory = check_quotas(clients, DEFAULTS)

    assert statuses([concurrency, memory]) == [FindingStatus.UNSEEN, FindingStatus.UNSEEN]
    assert "lambda:GetAccountSettings" in concurrency.remedy


def test_an_outage_is_not_called_a_missing_permission() -> None:
    def fail() -> None:
        raise client_error("ServiceException", 500)

    clients = account(1_000)
    clients.functions.get_account_settings = fail

    concurrency, _ = check_quotas(clients, DEFAULTS)

    assert concurrency.status is FindingStatus.UNSEEN
    assert "allow" not in concurrency.remedy


def change(kind: str, before: object, after: object) -> dict[str, Any]:
    return {"type": kind, "change": {"before": before, "after": after}}


def function(name: str, memory_mb: int, reserved: int | None) -> dict[str, object]:
    return {
        "function_name": name,
        "memory_size": memory_mb,
        "reserved_concurrent_executions": reserved,
    }


def test_a_plan_says_what_each_function_takes(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    changes = [
        change("aws_sqs_queue", None, {"name": "photos"}),
        change("aws_lambda_function", None, function("photos-worker", 3008, 100)),
        change("aws_lambda_function", function("photos", 512, 5), function("photos", 512, -1)),
        change("aws_lambda_function", function("gone", 512, 5), None),
    ]
    path.write_text(json.dumps({"resource_changes": changes}))

    assert planned_functions(path) == (
        PlannedFunction("photos-worker", memory_mb=3008, reserved=100),
        PlannedFunction("photos", memory_mb=512, reserved=0, reserved_before=5),
    )


def test_the_defaults_are_those_of_the_variables() -> None:
    variables = {each.name: each.body for each in blocks(STACK, "variable")}

    lanes = re.findall(r"maximum_concurrency'?: (\d+)", str(variables["lanes"]["default"]))
    (memory,) = re.findall(r"memory_mb\W+optional\(number, (\d+)\)", str(variables["worker"]))
    (renderer,) = re.findall(
        r"on_demand\.reserved_concurrency, (\d+)\)", (STACK / "main.tf").read_text()
    )

    assert [each.reserved for each in DEFAULTS] == [sum(map(int, lanes)), int(renderer)]
    assert {each.memory_mb for each in DEFAULTS} == {int(memory)}


@pytest.fixture(name="run")
def _run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command in a new account, and needs no stack."""
    clients = account(10)
    monkeypatch.setattr(AwsClients, "functions", clients.functions)
    monkeypatch.setattr(AwsClients, "quotas", clients.quotas)

    def run(*words: str) -> tuple[int, str, str]:
        code = cli._run(["doctor", *words])
        return code, *capsys.readouterr()

    return run


def test_the_command_needs_no_stack_and_ends_with_3(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, err = run("--before-apply", "--json")
    assert out, err

    findings = json.loads(out)["findings"]
    assert code == 3
    assert [(each["area"], each["verdict"]) for each in findings] == [
        ("concurrency", "wrong"),
        ("memory", "ok"),
    ]


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"resource_changes": [{}]}', "\xff"])
def test_a_file_that_is_no_plan_is_refused_in_a_sentence(
    run: Callable[..., tuple[int, str, str]], content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))

    code, _, err = run("--before-apply", "--plan", str(path))

    assert code == 2
    assert "terraform show -json PLAN" in " ".join(err.split())


def test_a_plan_without_the_check_is_refused(run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("--plan", "plan.json")

    assert code == 2
    assert "--before-apply" in err
