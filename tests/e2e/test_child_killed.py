from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.processes import HastyRunner
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg

pytestmark = pytest.mark.e2e

SLOW = "slow.jpg"
OTHERS = ("one.jpg", "two.jpg", "three.jpg")


def test_a_killed_render_child_fails_its_own_image_only_and_that_one_is_made_on_redelivery(
    fleet: Fleet, runner_log: Path
) -> None:
    slow = {SLOW: fleet.put(SLOW, jpeg((2400, 1800)))}

    with HastyRunner(fleet.stack, runner_log, PIXFLEET_RENDER_CHILDREN="1") as runner:
        wait_for("a first variant of the slow image", fleet.stored_keys)
        others = {key: fleet.put(key, jpeg(seed=at)) for at, key in enumerate(OTHERS)}
        runner.kill_render_children()
        was_unfinished = fleet.manifest(SLOW) is None
        fleet.wait_until_published(others | slow)
        fleet.wait_until_quiet()
        failures = runner.failures()

    assert was_unfinished, "the slow image was done before its child was killed: make it slower"
    assert failures == [(SLOW, "decoder_crash")]
    assert fleet.stored_keys() == keys_stored_for([SLOW, *OTHERS])
    assert fleet.dead_letters() == []
