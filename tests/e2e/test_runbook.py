"""Types every command of the runbook, as it stands there, at a fleet with something wrong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from scripts.local.stack import create_serving
from scripts.pixfleet.stack.ssm_parameter import Purge
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from tests.e2e.fleet import Fleet
from tests.e2e.processes import Runner
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg, truncated_jpeg

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
# In blocks of their own, and in the middle of a sentence.
COMMAND = re.compile(r"^(pixfleet .+)$|`(pixfleet [^`]+)`", re.MULTILINE)
KEY, BAD = "cats/tabby.jpg", "cats/half.jpg"


def commands() -> list[str]:
    """Return every command in the order in which a reader meets it, without the notes behind."""
    found = (first or second for first, second in COMMAND.findall(RUNBOOK))
    return list(dict.fromkeys(each.split("  #")[0].strip() for each in found))


def typed(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],  # noqa: S607 - as a reader types it
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def give_a_purge_queue(fleet: Fleet) -> None:
    """Let the stack purge, as it does with Terraform's default."""
    queue, table = f"{fleet.stack.prefix}-purge", f"{fleet.stack.prefix}-serving"
    fleet.clients.sqs.create_queue(QueueName=queue, Attributes={"MessageRetentionPeriod": "900"})
    create_serving(fleet.clients.dynamodb, table)
    document = structs.replace(
        fleet.stack.document(), purge=Purge(queue, monthly_paths=1000), serving_table=table
    )
    fleet.clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )


def test_there_is_a_command_for_every_kind_of_trouble() -> None:
    words = {tuple(each.split()[1:3]) for each in commands()}

    assert {("dlq", "groups"), ("dlq", "redrive"), ("drill",), ("doctor",)} <= words


def test_every_command_of_the_runbook_works_as_it_stands_there(
    fleet: Fleet, runner: Runner, tmp_path: Path
) -> None:
    give_a_purge_queue(fleet)
    etag = fleet.put(KEY, jpeg())
    fleet.put(BAD, truncated_jpeg())
    fleet.wait_until_published({KEY: etag})
    wait_for("the dead letter", fleet.dead_letters)
    environment = {
        **os.environ,
        **fleet.stack.worker_environment(),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PIXFLEET_STACK": fleet.stack.prefix,
        "KEY": KEY,
    }
    listed = typed("pixfleet dlq groups --json", environment)
    environment["ID"] = json.loads(listed.stdout)["groups"][0]["example"]["id"]

    failed = {
        command: (done.returncode, done.stdout[-500:], done.stderr[-500:])
        for command in commands()
        if (done := typed(command, environment)).returncode not in {0, FOUND_SOMETHING}
    }

    assert failed == {}
