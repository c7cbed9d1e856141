"""docs/access.md lists each command under the smallest policy that allows it."""

import re
from pathlib import Path

import pytest

from scripts.pixfleet.examples import EXAMPLES
from scripts.pixfleet.stack.access_policies import Policy, policies_with, policy_for

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)_policy_json` \|[^|]+\| ([^|]+) \|$", PAGE, re.MULTILINE))
# These call nothing of AWS.
LOCAL = ("context ", "completion", "recipes ")


@pytest.mark.parametrize("policy", Policy)
def test_the_page_lists_each_command_under_its_policy(policy: Policy) -> None:
    listed = re.findall(r"`([^`]+)`", ROWS[policy.value])

    assert listed
    for each in listed:
        command = re.sub(r" --.*", "", each)
        assert policy_for(command, each.split()) is policy, each


def test_every_command_that_calls_aws_is_listed() -> None:
    listed = set(re.findall(r"`([^`]+)`", "".join(ROWS.values())))
    everything = {each for each in EXAMPLES if not each.startswith(LOCAL)}

    assert everything - listed == set()


def test_every_policy_is_an_output() -> None:
    outputs = (ROOT / "terraform" / "outputs.tf").read_text(encoding="utf-8")

    for policy in Policy:
        assert f'output "{policy.value}_policy_json"' in outputs


def test_the_redriver_may_do_what_the_reader_may() -> None:
    assert policies_with(["status"]) == [Policy.ON_CALL_READER, Policy.ON_CALL_REDRIVER]
    assert policies_with(["purge"]) == [Policy.ON_CALL_REDRIVER]
    assert policies_with(["sync", "verify"]) == list(Policy)
