from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.processes import Runner
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg

pytestmark = pytest.mark.e2e

KEYS = tuple(f"{number}.jpg" for number in range(6))


def test_sigterm_finishes_what_is_in_hand_and_leaves_the_rest_on_the_queue(
    fleet: Fleet, runner_log: Path
) -> None:
    etags = {key: fleet.put(key, jpeg((640, 480), seed=at)) for at, key in enumerate(KEYS)}

    with Runner(fleet.stack, runner_log, PIXFLEET_RENDER_CHILDREN="1") as runner:
        wait_for("a first variant", fleet.stored_keys)
        unfinished = [key for key in KEYS if fleet.manifest(key) is None]
        exit_code = runner.drain()

    taken = [key for key in KEYS if fleet.ledger(key)]
    assert exit_code == 0
    assert unfinished, "all was done before the signal came: drop more images"
    assert taken
    assert fleet.stored_keys() == keys_stored_for(taken)
    assert fleet.in_flight(fleet.stack.live_queue) == 0
    assert fleet.waiting(fleet.stack.live_queue) == len(KEYS) - len(taken)
    fleet.wait_until_published({key: etags[key] for key in taken})
