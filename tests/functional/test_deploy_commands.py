"""Runs the `aws s3api` commands of docs/deploy.md, and reads its workflow."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore import xform_name
from moto import mock_aws

pytestmark = pytest.mark.functional

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()
STATE = "our-terraform-state"
SOURCES = "photos-sources-123456789012"


def commands(bucket: str) -> list[list[str]]:
    """Return the words after `aws s3api` of each command in a block that names a bucket."""
    found = re.findall(r"^aws s3api (.*)$", PAGE, re.MULTILINE)
    return [words for each in found if bucket in (words := shlex.split(each))]


def run(client: Any, words: list[str]) -> None:  # noqa: ANN401 - any operation of S3
    """Call the operation of a command with its options, as the AWS CLI does."""
    operations = {
        xform_name(each, "-"): each for each in client.meta.service_model.operation_names
    }
    operation = operations[words[0]]
    members = client.meta.service_model.operation_model(operation).input_shape.members
    options = dict(zip(words[1::2], words[2::2], strict=True))
    options.pop("--region", None)
    names = {f"--{xform_name(each, '-')}": each for each in members}
    getattr(client, xform_name(operation))(**{names[k]: value(v) for k, v in options.items()})


def value(text: str) -> object:
    """Return a value in JSON, in the AWS CLI's shorthand (`A=1,B=2`), or as it stands."""
    if text.startswith("{"):
        return json.loads(text)
    if "=" not in text:
        return text
    words = {"true": True, "false": False}
    pairs = (each.split("=") for each in text.split(","))
    return {name: words.get(content, content) for name, content in pairs}


@pytest.mark.usefixtures("_aws")
def test_the_commands_make_a_versioned_bucket_for_the_state_that_is_not_public() -> None:
    s3: Any = boto3.client("s3", region_name="eu-central-1")

    for words in commands(STATE):
        run(s3, words)

    assert s3.get_bucket_versioning(Bucket=STATE)["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket=STATE)["PublicAccessBlockConfiguration"]
    assert len(blocked) == 4
    assert all(blocked.values())


@pytest.mark.usefixtures("_aws")
def test_the_command_has_s3_expire_every_version_and_marker() -> None:
    s3: Any = boto3.client("s3", region_name="eu-central-1")
    here = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket=SOURCES, CreateBucketConfiguration=here)

    for words in commands(SOURCES):
        run(s3, words)

    rules = s3.get_bucket_lifecycle_configuration(Bucket=SOURCES)["Rules"]
    given = {name for rule in rules for name in (*rule, *rule.get("Expiration", ()))}
    assert {"Days", "NoncurrentVersionExpiration", "ExpiredObjectDeleteMarker"} <= given
    assert all(rule["Filter"] == {"Prefix": ""} for rule in rules)


@pytest.fixture(name="_aws")
def _mocked(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a generator of nothing
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    with mock_aws():
        yield


def test_the_workflow_takes_the_roles_of_the_example_and_applies_only_after_a_merge() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    workflow = yaml.safe_load(text)
    job = workflow["jobs"]["stack"]
    steps = job["steps"]

    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    # YAML 1.1 reads the key `on` as true.
    assert workflow[True] == {"pull_request": None, "push": {"branches": ["main"]}}
    assert "'production'" in job["environment"]
    (role,) = (
        each["with"]["role-to-assume"]
        for each in steps
        if "role-to-assume" in each.get("with", {})
    )
    assert re.search(r":role/photos-ci-\$\{\{ .* 'apply' \|\| 'plan' \}\}$", role)
    example = (ROOT / "terraform" / "examples" / "ci" / "main.tf").read_text()
    assert '"${var.prefix}-ci-${each.key}"' in example
    (applies,) = (each for each in steps if "terraform apply" in each.get("run", ""))
    assert applies["if"] == "github.event_name == 'push'"
    (cached,) = (each["with"] for each in steps if "cache@" in each.get("uses", ""))
    inputs = re.findall(r"'(pixfleet/[^']*)'", cached["key"])
    assert all(any(ROOT.glob(each.removeprefix("pixfleet/"))) for each in inputs)
