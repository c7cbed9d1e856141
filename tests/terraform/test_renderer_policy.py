"""The renderer's role has no permission that its task does not need.

The functional tests check its calls against the rendered policy (tests/support/iam).
"""

import pytest

from tests.terraform.folders import STACK, Block, blocks
from tests.terraform.test_worker_policy import allowed

pytestmark = pytest.mark.terraform

# What it reads and stores; keys are used by S3 and DynamoDB in its name.
NEEDED = {
    "dynamodb:GetItem",
    "dynamodb:UpdateItem",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "s3:PutObjectTagging",
}


def test_the_role_allows_what_serving_needs_and_nothing_else() -> None:
    assert allowed(policy()) == NEEDED


def test_it_can_neither_delete_nor_send() -> None:
    """It answers anonymous requests: what deletes, and what enqueues, is the worker's task."""
    actions = {action.partition(":")[2] for action in allowed(policy())}

    assert [each for each in actions if each.startswith(("Delete", "Send", "Receive"))] == []


def policy() -> Block:
    (document,) = (
        block
        for block in blocks(STACK, "data", "renderer_policy.tf")
        if block.labels == ("aws_iam_policy_document", "renderer")
    )
    return document
