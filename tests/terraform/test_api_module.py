"""The API's routes, settings and permissions in Terraform are those that its code expects."""

import inspect
import re

import pytest

from scripts.pixfleet.doctor import api
from shared.model.errors import Misconfigured
from tests.terraform.folders import STACK, Block, blocks, plain
from tests.terraform.test_environment import NAME, Asked
from tests.terraform.test_worker_policy import allowed
from worker.api.context import ANSWER_SECONDS
from worker.api.routes import ROUTES
from worker.api.settings import read_api_settings
from worker.api.uploads.pending import UPLOAD_SECONDS

pytestmark = pytest.mark.terraform

MODULE = STACK / "modules" / "api"
PURPOSES = {
    "abort_upload": "upload",
    "complete_upload": "upload",
    "create_deletions": "delete",
    "create_images": "upload",
    "create_purge": "purge",
    "create_upload": "upload",
    "delete_image": "delete",
    "delete_image_by_key": "delete",
    "get_deletion": "delete",
    "get_health": "public",
    "get_image": "read",
    "get_image_by_key": "read",
    "get_openapi": "public",
    "list_images": "read",
    "list_parts": "upload",
    "sign_part": "upload",
}
NEEDED = {
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "sqs:SendMessage",
}


def test_the_gateway_has_every_route_of_the_application_and_no_other() -> None:
    """A key has slashes: API Gateway takes it greedily."""
    served = {
        f"{each.method} {each.path.replace('{key}', '{key+}')}": PURPOSES[each.name]
        for each in ROUTES
    }

    assert routes() == served


def test_only_what_the_application_calls_public_needs_no_token() -> None:
    public = {f"{each.method} {each.path}" for each in ROUTES if each.is_public}

    assert {route for route, purpose in routes().items() if purpose == "public"} == public


def test_every_purpose_can_have_scopes() -> None:
    (jwt,) = (each for each in blocks(MODULE, "variable") if each.name == "jwt")
    offered = set(re.findall(r"(\w+)\s*= optional\(list\(string\)", text("variables.tf")))

    assert jwt.file.name == "variables.tf"
    assert offered == set(routes().values()) - {"public"}


def test_the_function_gets_exactly_the_settings_that_it_reads() -> None:
    environment = Asked()
    with pytest.raises(Misconfigured):
        read_api_settings(environment)

    assert set(NAME.findall(text("function.tf"))) == environment.names - {"PIXFLEET_LOG"}


def test_the_module_tests_have_every_setting() -> None:
    assert set(NAME.findall(text("tests/api.tftest.hcl"))) == set(
        NAME.findall(text("function.tf"))
    )


def test_the_function_answers_before_the_gateway_gives_up() -> None:
    found = re.search(r"timeout_seconds = (\d+)", text("names.tf"))

    assert found is not None
    assert float(found.group(1)) > ANSWER_SECONDS


def test_uploads_are_aborted_when_they_cannot_be_resumed_any_more() -> None:
    found = re.search(
        r"has_api && .*abort_uploads_after_days == null \? (\d+) :",
        (STACK / "main.tf").read_text(),
    )

    assert found is not None
    assert int(found.group(1)) * 86_400 == UPLOAD_SECONDS


def test_the_role_allows_what_the_api_needs_and_nothing_else() -> None:
    assert allowed(policy()) == NEEDED


def test_versions_are_deleted_only_where_that_is_configured() -> None:
    always = [each for each in policy().body["statement"] if "Version" in str(each)]

    assert always == []


def routes() -> dict[str, str]:
    return dict(re.findall(r'^    "(\w+ /\S+)"\s+= "(\w+)"$', text("routes.tf"), re.MULTILINE))


def text(file: str) -> str:
    return (MODULE / file).read_text()


def policy() -> Block:
    (document,) = blocks(MODULE, "data", "function_policy.tf")
    assert plain(document.labels[0]) == "aws_iam_policy_document"
    return document


def test_an_operator_may_read_what_the_doctor_asks_the_gateway_for() -> None:
    written = (STACK / "operator_policies.tf").read_text()
    asked = re.findall(r"gateway\.get_(\w+)\(", inspect.getsource(api))

    (statement,) = re.findall(r'sid +=\s"InspectApi".*?\n  \}', written, re.DOTALL)
    (kinds,) = re.findall(r"for kind in \[(.*?)\] :", statement)
    assert 'actions = ["apigateway:GET"]' in statement
    assert sorted(asked) == re.findall(r'"(\w+)"', kinds)
