"""`pixfleet drill` with a running worker."""

import json
import os
import subprocess
import sys

import pytest

from tests.e2e.fleet import Fleet
from tests.e2e.processes import Runner

pytestmark = pytest.mark.e2e


def test_a_drill_finds_no_difference_and_leaves_nothing_behind(
    fleet: Fleet, runner: Runner
) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "scripts.pixfleet.cli", "drill", "--json"),
            *("--stack", fleet.stack.prefix, "--timeout", "45"),
        ],
        env={"PATH": os.environ["PATH"], **fleet.stack.worker_environment()},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}\n{runner.last_log_lines()}"
    lines = json.loads(ended.stdout)["lines"]
    assert [each["is_right"] for each in lines if each["what"].startswith("alarm")] == [None]
    assert all(each["is_right"] for each in lines if not each["what"].startswith("alarm"))
    assert not fleet.stored_keys()
    assert not fleet.dead_letters()
