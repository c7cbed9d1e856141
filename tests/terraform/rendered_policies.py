"""The policies of roles and resources, as Terraform renders them with the real provider.

Functional tests check their calls against a record of them, so that they need no Terraform.
`.venv/bin/python -m tests.terraform.rendered_policies` writes the record again.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.local.terraform import required_program
from tests.support.iam.actions import ACCOUNT, REGION
from tests.support.iam.recorder import RENDERED
from tests.terraform.folders import LEFT_BEHIND, ROOT, STACK
from tests.terraform.program import Terraform, set_up
from tests.terraform.provider import running_provider

SOURCES = f"arn:aws:s3:::pixfleet-sources-{ACCOUNT}"


@dataclass(frozen=True, slots=True)
class Rendering:
    """One folder: the test file whose overrides are used, the run, and an output for the policies.

    `run` is the content of a `run` block of `terraform test`.
    """

    folder: Path
    file: str
    run: str
    output: str


RENDERINGS = (
    Rendering(
        STACK,
        "policies",
        f"""
        command = plan
        variables {{
          kms_key_arn = "arn:aws:kms:{REGION}:{ACCOUNT}:key/ours"
          worker      = {{ completion_topic_arn = "arn:aws:sns:{REGION}:{ACCOUNT}:completions" }}
        }}
        """,
        """{ roles = {
          renderer = [data.aws_iam_policy_document.renderer.json]
          worker   = [data.aws_iam_policy_document.worker.json]
          reader   = [data.aws_iam_policy_document.on_call_reader.json]
          redriver = [data.aws_iam_policy_document.on_call_acting.json]
          uploader = [data.aws_iam_policy_document.uploader.json]
        } }""",
    ),
    Rendering(
        STACK / "modules" / "function",
        "function",
        "command = plan",
        """{ roles = { for role in ["api", "purge", "renderer", "worker"] :
          role => [data.aws_iam_policy_document.logs.json] } }""",
    ),
    Rendering(
        STACK / "modules" / "queue",
        "queue",
        f"""
        command = plan
        variables {{
          senders            = "eventbridge" # as in a stack with two lanes
          sources_bucket_arn = "{SOURCES}"
        }}
        """,
        """{ resources = merge(
          { (local.dead_letter_arn) = data.aws_iam_policy_document.dead_letter.json },
          { for lane, each in data.aws_iam_policy_document.lane :
            local.lane_arns[lane] => each.json },
        ) }""",
    ),
    Rendering(
        STACK / "modules" / "purge",
        "purge",
        f"""
        command = plan
        variables {{
          kms_key_arn   = "arn:aws:kms:{REGION}:{ACCOUNT}:key/ours"
          serving_table = {{
            arn  = "arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/pixfleet-serving"
            name = "pixfleet-serving"
          }}
        }}
        """,
        """{
          resources = { (local.queue_arn) = data.aws_iam_policy_document.queue.json }
          roles     = { purge = [data.aws_iam_policy_document.function.json] }
        }""",
    ),
    Rendering(
        STACK / "modules" / "api",
        "api",
        f"""
        command = plan
        variables {{
          deletes_versions = true
          kms_key_arn      = "arn:aws:kms:{REGION}:{ACCOUNT}:key/ours"
        }}
        """,
        "{ roles = { api = [data.aws_iam_policy_document.function.json] } }",
    ),
    Rendering(
        STACK / "modules" / "storage",
        "storage",
        "command = plan",
        "{ resources = { (local.sources_arn) = data.aws_iam_policy_document.sources[0].json } }",
    ),
    # The distribution's ARN is known only after an apply; the file overrides every resource.
    Rendering(
        STACK / "modules" / "delivery",
        "delivery",
        "command = apply",
        """{ resources = {
          (var.variants_bucket.arn) = data.aws_iam_policy_document.variants.json
        } }""",
    ),
)


def rendered_policies(terraform: Terraform) -> Mapping[str, Any]:
    """Return the policies: lists by role, and one by each resource's ARN."""
    found: dict[str, Any] = {"resources": {}, "roles": {}}
    for each in RENDERINGS:
        output = _rendered(terraform, each)
        for arn, policy in output.get("resources", {}).items():
            found["resources"][arn] = json.loads(policy)
        for role, policies in output.get("roles", {}).items():
            found["roles"].setdefault(role, []).extend(map(json.loads, policies))
    return found


def written(policies: Mapping[str, Any]) -> str:
    """Return the record's text."""
    return json.dumps(policies, indent=1, sort_keys=True) + "\n"


def _rendered(terraform: Terraform, rendering: Rendering) -> Mapping[str, Any]:
    # A copy beside the original, because the root's modules have relative paths.
    copy = rendering.folder.with_name(f"{rendering.folder.name}-rendered")
    here = terraform.copy / copy.relative_to(ROOT)
    original = terraform.copy / rendering.folder.relative_to(ROOT)
    shutil.copytree(original, here, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    source = (here / "tests" / f"{rendering.file}.tftest.hcl").read_text(encoding="utf-8")
    shutil.rmtree(here / "tests")
    (here / "tests").mkdir()
    overrides = _for_the_record(source[: source.index("\nrun ")])
    test = f'{overrides}\nrun "render" {{\n{rendering.run}\n}}\n'
    (here / "tests" / "render.tftest.hcl").write_text(test, encoding="utf-8")
    output = f'output "rendered" {{\n  value = {rendering.output}\n}}\n'
    (here / "rendered.tf").write_text(output, encoding="utf-8")
    got = terraform.fetch(copy)
    assert got.is_good, got.output
    with running_provider(here) as provider:
        tested = terraform.call("test", "-json", "-verbose", folder=copy, provider=provider)
    assert tested.is_good, tested.output
    (value,) = _outputs(tested.output)
    return value


def _for_the_record(overrides: str) -> str:
    """Return a test file's overrides with the region and prefix of functional tests."""
    overrides = re.sub(r"\b(eu-central-1|eu-west-1)\b", REGION, overrides)
    return re.sub(r'"(acme|photos)"', '"pixfleet"', overrides).replace("acme-", "pixfleet-")


def _outputs(said: str) -> Iterator[Mapping[str, Any]]:
    for line in said.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if "test_plan" in event:
            yield event["test_plan"]["output_changes"]["rendered"]["after"]
        # An apply tells its outputs; a plan, and the destruction at the end, have none.
        if outputs := event.get("test_state", {}).get("outputs"):
            yield outputs["rendered"]["value"]


def main(arguments: Sequence[str] = ()) -> None:
    """Write the record."""
    del arguments
    with tempfile.TemporaryDirectory() as room:
        policies = rendered_policies(set_up(required_program(), Path(room)))
    RENDERED.write_text(written(policies), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("TF_IN_AUTOMATION", "1")
    main()
