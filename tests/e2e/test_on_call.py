"""An operator repairs a stack: 200 images, a missing permission, dead letters of three causes."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.local.stack import create_stack
from tests.e2e.door import Door, door_before
from tests.e2e.fleet import Fleet
from tests.e2e.processes import Runner, worker_environment
from tests.functional.conftest import RECIPES
from tests.support.images import jpeg, truncated_jpeg

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

BEFORE = {f"before/{at}.jpg": jpeg(seed=at % 5) for at in range(80)}
TORN = {f"torn/{at}.jpg": truncated_jpeg(seed=at % 5) for at in range(10)}
NOTES = {f"notes/{at}.jpg": b"not an image" for at in range(10)}
AFTER = {f"after/{at}.jpg": jpeg(seed=at % 5) for at in range(100)}
# A message becomes a dead letter at its second receive, a few seconds after the first.
MAX_RECEIVES = 2


class OnCallRunner(Runner):
    """A runner that gives up a message after seconds."""

    program = "tests.e2e.on_call_runner"


@dataclass(frozen=True)
class Terminal:
    """The terminal of the person on call."""

    fleet: Fleet
    folder: Path

    def dlq(self, *words: str, code: int) -> Mapping[str, Any]:
        """Run `pixfleet dlq …`, expect an exit code, and return the JSON document."""
        stack = self.fleet.stack
        done = subprocess.run(
            [sys.executable, "-m", "scripts.pixfleet.cli", "dlq", *words, "--json"],
            env={**worker_environment(stack), "PIXFLEET_STACK": stack.prefix},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        document: Mapping[str, Any] = json.loads(done.stdout)
        return document

    def causes(self) -> Mapping[str, int]:
        """Return how many dead letters of each cause `pixfleet dlq groups` counts."""
        return {each["cause"]: each["count"] for each in self.dlq("groups", code=0)["groups"]}


@pytest.fixture(name="repair")
def _repair(endpoint_url: str, tmp_path: Path) -> Iterator[tuple[Terminal, Door]]:
    """Give a terminal, and the proxy through which the runner alone reaches AWS."""
    stack = create_stack(endpoint_url, RECIPES, prefix="e2e-on-call", max_receives=MAX_RECEIVES)
    with (
        door_before(endpoint_url, stack.variants_bucket) as door,
        OnCallRunner(stack, tmp_path / "runner.log", AWS_ENDPOINT_URL=door.url),
    ):
        yield Terminal(Fleet(stack), tmp_path), door


def test_dead_letters_of_a_missing_permission_are_found_tried_redriven_and_followed(
    repair: tuple[Terminal, Door],
) -> None:
    terminal, door = repair
    fleet = terminal.fleet
    drop({**BEFORE, **TORN, **NOTES}, fleet)
    fleet.wait_until_quiet()
    door.shut()
    drop(AFTER, fleet)
    fleet.wait_until_quiet()

    causes = terminal.causes()
    denied = terminal.dlq("try", "--cause", "access_denied", "-n", "5", code=0)["trials"]
    torn = terminal.dlq("try", "--cause", "truncated", "-n", "2", code=3)["trials"]
    too_early = terminal.dlq("redrive", "--yes", "--prefix", "after/1.", code=0)["redrive_id"]
    still_denied = terminal.dlq("status", too_early, "--watch", code=3)
    door.open()
    redrive_id = terminal.dlq("redrive", "--yes", "--cause", "access_denied", code=0)["redrive_id"]
    repaired = terminal.dlq("status", redrive_id, "--watch", code=0)
    drop({key: jpeg() for key in TORN}, fleet)
    redrive_id = terminal.dlq("redrive", "--yes", "--cause", "truncated", code=0)["redrive_id"]
    replaced = terminal.dlq("status", redrive_id, "--watch", code=0)
    copy = str(terminal.folder / "notes.jsonl")
    deleted = terminal.dlq("delete", "--all", "--yes", "--copy", copy, code=0)

    assert causes == {"access_denied": 100, "truncated": 10, "not_an_image": 10}
    assert [each["would"] for each in denied] == ["made"] * 5
    assert {each["cause"] for each in torn} == {"truncated"}
    assert still_denied["dead"] == {"access_denied": 1}
    assert (repaired["fixed"], repaired["waiting"]) == (100, 0)
    assert (replaced["fixed"], replaced["waiting"]) == (10, 0)
    assert (deleted["dropped"], deleted["causes"]) == (10, {"not_an_image": 10})
    assert terminal.causes() == {}
    published = [*BEFORE, *AFTER, *TORN]
    assert {fleet.ledger(key)["status"] for key in published} == {"published"}
    assert {fleet.ledger(key)["status"] for key in NOTES} == {"rejected"}
    copied = {json.loads(line)["keys"][0] for line in Path(copy).read_text().splitlines()}
    assert copied == set(NOTES)


def drop(sources: Mapping[str, bytes], fleet: Fleet) -> None:
    """Store all sources, eight at a time as `aws s3 sync` does."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fleet.put, sources, sources.values()))
