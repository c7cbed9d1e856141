"""The workflow and the hooks run what this repository pins, and nothing else."""

import re
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yaml").read_text())


def test_the_workflow_runs_the_same_script_as_everybody() -> None:
    steps = WORKFLOW["jobs"]["ci"]["steps"]

    assert [step["run"] for step in steps if "run" in step] == ["bash .ci/run"]


def test_the_workflow_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in WORKFLOW["jobs"].values())


def test_every_action_is_pinned_to_a_commit() -> None:
    for step in WORKFLOW["jobs"]["ci"]["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_every_hook_is_local_and_calls_a_tool_of_the_lock() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["entry"].startswith((".venv/bin/", "terraform fmt"))
