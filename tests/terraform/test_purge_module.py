"""The purge function's settings, queue and permissions are those that its code expects."""

import re

import pytest

from shared.model.errors import Misconfigured
from tests.terraform.folders import STACK, Block, blocks, plain
from tests.terraform.test_environment import Asked
from tests.terraform.test_worker_policy import allowed
from worker.purge.policy import POLICY
from worker.purge.settings import FREE_PATHS, read_purge_settings

pytestmark = pytest.mark.terraform

MODULE = STACK / "modules" / "purge"
NEEDED = {
    "cloudfront:CreateInvalidation",
    "dynamodb:GetItem",
    "dynamodb:UpdateItem",
    "kms:Decrypt",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}


def test_the_function_gets_exactly_the_settings_that_it_reads() -> None:
    environment = Asked()
    with pytest.raises(Misconfigured):
        read_purge_settings(environment)

    (module,) = blocks(MODULE, "module")
    assert set(module.body["environment"]) == environment.names - {"PIXFLEET_LOG"}


def test_the_queue_has_no_dead_letter_queue_and_no_limit_on_receives() -> None:
    assert "redrive_policy" not in queue().body


def test_the_queue_keeps_a_message_as_long_as_the_function_uses_it() -> None:
    assert queue().body["message_retention_seconds"] == POLICY.longest_seconds


def test_a_function_that_dies_leaves_time_for_another_try() -> None:
    assert figure(r"timeout_seconds = (\d+)") > 2 * POLICY.calls.call_seconds


def test_the_budget_is_the_one_of_the_code() -> None:
    (budget,) = (each for each in blocks(MODULE, "variable") if each.name == "monthly_paths")

    assert budget.body["default"] == FREE_PATHS


def test_the_role_allows_what_purging_needs_and_nothing_else() -> None:
    (document,) = blocks(MODULE, "data", "function_policy.tf")

    assert allowed(document) == NEEDED


def test_only_one_function_may_invalidate() -> None:
    found = [
        block.address
        for folder in (STACK, *sorted((STACK / "modules").iterdir()))
        for block in blocks(folder, "data")
        if "cloudfront:CreateInvalidation" in str(block.body)
    ]

    assert [plain(each) for each in found] == ["data.aws_iam_policy_document.function"]


def queue() -> Block:
    (found,) = (each for each in blocks(MODULE, "resource") if each.labels[0] == "aws_sqs_queue")
    return found


def figure(pattern: str) -> float:
    found = re.search(pattern, (MODULE / "names.tf").read_text())
    assert found, pattern
    return float(found.group(1))
