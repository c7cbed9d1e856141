"""The worker's role has the permissions for the worker's calls, and no others."""

import pytest

from tests.functional.test_contract import SAID
from tests.terraform.folders import STACK, Block, blocks, plain
from tests.terraform.test_conventions import statements

pytestmark = pytest.mark.terraform

# The permission of each call. HEAD needs s3:ListBucket to get 404 for a missing object:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
NEEDED = {
    "s3.HeadObject": {"s3:GetObject", "s3:ListBucket"},
    "s3.HeadBucket": {"s3:ListBucket"},
    "s3.ListObjectsV2": {"s3:ListBucket"},
    "s3.GetObject": {"s3:GetObject"},
    "s3.PutObject": {"s3:PutObject"},
    "s3.DeleteObjects": {"s3:DeleteObject"},
    "sqs.GetQueueUrl": {"sqs:GetQueueUrl"},
    "sqs.ReceiveMessage": {"sqs:ReceiveMessage"},
    "sqs.DeleteMessageBatch": {"sqs:DeleteMessage"},
    "sqs.ChangeMessageVisibility": {"sqs:ChangeMessageVisibility"},
    "sqs.SendMessage": {"sqs:SendMessage"},
    "sns.Publish": {"sns:Publish"},
    "dynamodb.GetItem": {"dynamodb:GetItem"},
    "dynamodb.UpdateItem": {"dynamodb:UpdateItem"},
}
# Calls that services make with the role: Lambda's pollers to the queues, S3 and SQS to KMS.
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
ASKED_BY_SERVICES = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "kms:Decrypt",
    "kms:GenerateDataKey",
}


def test_every_call_has_a_permission_named_for_it() -> None:
    assert set(SAID) == set(NEEDED)


def test_the_role_allows_what_is_called_and_nothing_else() -> None:
    needed = set[str]().union(*NEEDED.values()) | ASKED_BY_SERVICES

    assert allowed(policy()) == needed


def test_no_action_has_a_wildcard() -> None:
    assert {action for action in allowed(policy()) if "*" in action} == set()


def policy() -> Block:
    (document,) = (
        block
        for block in blocks(STACK, "data", "worker_policy.tf")
        if block.labels == ("aws_iam_policy_document", "worker")
    )
    return document


def allowed(document: Block) -> set[str]:
    """Return every action of a document; tests/policies.tftest.hcl has its real JSON."""
    found = set()
    for statement in statements(document):
        actions = statement["actions"]
        assert isinstance(actions, list)
        found |= {plain(action) for action in actions}
    return found
