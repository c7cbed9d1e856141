"""A night on call: 200 images, a permission broken halfway, letters in three causes, mended."""

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
# Letters come after the second receive, a few seconds after the first.
MAX_RECEIVES = 2


class PatientlessRunner(Runner):
    """A runner whose letters come after seconds."""

    program = "tests.e2e.on_call_runner"


@dataclass(frozen=True)
class Terminal:
    """Where the person on call types."""

    fleet: Fleet
    folder: Path

    def types(self, *words: str, code: int) -> Mapping[str, Any]:
        """Type `pixfleet dlq …`, expect an exit code, and return what it says."""
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
        said: Mapping[str, Any] = json.loads(done.stdout)
        return said

    def causes(self) -> Mapping[str, int]:
        """Type `pixfleet dlq groups` and return how many letters there are of each cause."""
        return {each["cause"]: each["count"] for each in self.types("groups", code=0)["groups"]}


@pytest.fixture(name="night")
def _night(endpoint_url: str, tmp_path: Path) -> Iterator[tuple[Terminal, Door]]:
    """Give a fleet at work behind a door, and a terminal that has its own way to AWS."""
    stack = create_stack(endpoint_url, RECIPES, prefix="e2e-night", max_receives=MAX_RECEIVES)
    with (
        door_before(endpoint_url, stack.variants_bucket) as door,
        PatientlessRunner(stack, tmp_path / "runner.log", AWS_ENDPOINT_URL=door.url),
    ):
        yield Terminal(Fleet(stack), tmp_path), door


def test_what_died_of_a_broken_permission_is_seen_tried_mended_and_proved(
    night: tuple[Terminal, Door],
) -> None:
    terminal, door = night
    fleet = terminal.fleet
    drop({**BEFORE, **TORN, **NOTES}, fleet)
    fleet.wait_until_quiet()
    door.shut()
    drop(AFTER, fleet)
    fleet.wait_until_quiet()

    causes = terminal.causes()
    denied = terminal.types("try", "--cause", "access_denied", "-n", "5", code=0)["trials"]
    torn = terminal.types("try", "--cause", "truncated", "-n", "2", code=3)["trials"]
    too_early = terminal.types("redrive", "--yes", "--prefix", "after/1.", code=0)["redrive_id"]
    unmended = terminal.types("receipts", too_early, "--watch", code=3)
    door.open()
    redrive_id = terminal.types("redrive", "--yes", "--cause", "access_denied", code=0)[
        "redrive_id"
    ]
    mended = terminal.types("receipts", redrive_id, "--watch", code=0)
    drop({key: jpeg() for key in TORN}, fleet)
    redrive_id = terminal.types("redrive", "--yes", "--cause", "truncated", code=0)["redrive_id"]
    replaced = terminal.types("receipts", redrive_id, "--watch", code=0)
    copy = str(terminal.folder / "notes.jsonl")
    dropped = terminal.types("drop", "--all", "--yes", "--copy", copy, code=0)

    assert causes == {"access_denied": 100, "truncated": 10, "not_an_image": 10}
    assert [each["would"] for each in denied] == ["made"] * 5
    assert {each["cause"] for each in torn} == {"truncated"}
    assert unmended["dead"] == {"access_denied": 1}
    assert (mended["fixed"], mended["waiting"]) == (100, 0)
    assert (replaced["fixed"], replaced["waiting"]) == (10, 0)
    assert (dropped["dropped"], dropped["causes"]) == (10, {"not_an_image": 10})
    assert terminal.causes() == {}
    published = [*BEFORE, *AFTER, *TORN]
    assert {fleet.ledger(key)["status"] for key in published} == {"published"}
    assert {fleet.ledger(key)["status"] for key in NOTES} == {"rejected"}
    copied = {json.loads(line)["keys"][0] for line in Path(copy).read_text().splitlines()}
    assert copied == set(NOTES)


def drop(sources: Mapping[str, bytes], fleet: Fleet) -> None:
    """Drop all sources, several at a time as `aws s3 sync` does."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fleet.put, sources, sources.values()))
