"""A backfill that is killed twice, on the local stack."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.local.stack import create_stack
from scripts.pixfleet.backfill.enqueue import KEYS_PER_MESSAGE
from tests.e2e.fleet import Fleet
from tests.e2e.processes import Runner, worker_environment
from tests.e2e.waiting import wait_for
from tests.support.images import png
from tests.support.size import SIZE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

IMAGES = SIZE.backfill_images
PAGE = 100
# What a page of keys and a page of its neighbour's may take until Python gives memory back.
MEBIBYTES_ALLOWED = 6.0
RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "tiny",
            "variants": [{"name": "dot", "width": 4, "height": 4, "formats": ["webp"]}],
            "placeholder": False,
        }
    ],
}


@pytest.fixture(scope="module")
def fleet(endpoint_url: str) -> Fleet:
    return Fleet(create_stack(endpoint_url, RECIPES, prefix="e2e-backfill"))


@pytest.fixture(scope="module")
def keys(fleet: Fleet) -> list[str]:
    """Upload sources without a bucket notification, so that no event is sent for them."""
    s3, bucket = fleet.clients.s3, fleet.stack.sources_bucket
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    data, keys = png((8, 8)), [f"old/{at:05}.png" for at in range(IMAGES)]

    def put(key: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=data)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put, keys))
    return keys


@dataclass(slots=True)
class Command:
    """`pixfleet backfill enqueue` as a process, watched from outside."""

    fleet: Fleet
    folder: Path
    mebibytes: list[float] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[str]":
        with (self.folder / "stderr.txt").open("a") as errors:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "scripts.pixfleet.cli", "backfill", "enqueue"),
                    *("--stack", self.fleet.stack.prefix, "--prefix", "old/"),
                    *("--checkpoint", str(self.folder / "checkpoint.sqlite"), "--json"),
                ],
                env=worker_environment(self.fleet.stack),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def kill_when(self, what: str, look: Callable[[], bool]) -> None:
        """Start it and kill it once something is so."""
        with self.start() as process:
            wait_for(what, look, seconds=300)
            assert process.poll() is None, "it had ended before it could be killed"
            process.send_signal(signal.SIGKILL)

    def finish(self) -> "dict[str, int]":
        """Run it to its end and return what it printed; its memory is noted on the way."""
        with self.start() as process:
            wait_for("the end", lambda: self._ended(process), seconds=800)
            assert process.stdout is not None
            document: dict[str, int] = json.loads(process.stdout.read())
        return document

    def _ended(self, process: "subprocess.Popen[str]") -> bool:
        if (used := _resident_mebibytes(process.pid)) > 0:
            self.mebibytes.append(used)
        return process.poll() is not None

    def has_sent(self, keys: int) -> bool:
        """Say whether so many are on their way, as long as nobody works."""
        return self.fleet.waiting(self.fleet.stack.bulk_queue) * KEYS_PER_MESSAGE >= keys


def test_a_backfill_killed_twice_ends_with_a_count_that_adds_up(
    fleet: Fleet, keys: list[str], runner_log: Path, tmp_path: Path
) -> None:
    command = Command(fleet, tmp_path)

    command.kill_when("a quarter on its way", lambda: command.has_sent(IMAGES // 4))
    with Runner(fleet.stack, runner_log, PIXFLEET_QUEUE=fleet.stack.bulk_queue):
        third = keys[IMAGES // 3]
        command.kill_when("a third done", lambda: bool(fleet.ledger(third).get("status")))
        totals = command.finish()

    assert totals["sent"] == totals["made"] == IMAGES, totals
    assert [totals[each] for each in ("current", "rejected", "failed", "waiting")] == [0] * 4
    assert all(fleet.ledger(key)["status"] == "published" for key in keys[:: IMAGES // 50])
    assert sum(_rendered_more_than_once(runner_log)) <= 2 * PAGE
    assert not (tmp_path / "checkpoint.sqlite").exists()
    _require_flat(command.mebibytes)


def _rendered_more_than_once(log: Path) -> list[int]:
    logged = (json.loads(line) for line in log.read_text().splitlines())
    made = Counter(line["key"] for line in logged if line.get("outcome") == "made")
    assert len(made) == IMAGES
    return [times - 1 for times in made.values() if times > 1]


def _require_flat(mebibytes: list[float]) -> None:
    """Fail if the command grew after it had all its code in memory."""
    half = len(mebibytes) // 2
    assert max(mebibytes[half:]) <= max(mebibytes[:half]) + MEBIBYTES_ALLOWED, mebibytes[::50]


def _resident_mebibytes(pid: int) -> float:
    """Return what a process holds in memory, 0 once it has ended."""
    answer = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return int(answer.stdout.strip() or 0) / 1024
