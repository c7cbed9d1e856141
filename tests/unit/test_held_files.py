from threading import Thread

import pytest

from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.model.errors import OutOfTime
from worker.held_files import MAX_HELD_BYTES, HeldFiles

pytestmark = pytest.mark.unit

# Only a wait that never ends takes so long, and then the test fails.
PATIENCE_SECONDS = 20.0


def test_a_render_begins_at_once_up_to_the_limit() -> None:
    held = HeldFiles()
    held.add(MAX_HELD_BYTES)

    held.wait_for_memory(Deadline.passed(SystemClock()))


def test_a_render_over_the_limit_is_out_of_time_at_the_deadline() -> None:
    held = HeldFiles()
    held.add(MAX_HELD_BYTES + 1)

    with pytest.raises(OutOfTime) as caught:
        held.wait_for_memory(Deadline.passed(SystemClock()))

    assert caught.value.stage == "render"


def test_a_render_over_the_limit_begins_when_a_file_is_stored() -> None:
    held, begun = HeldFiles(), []
    held.add(MAX_HELD_BYTES)
    held.add(1)

    def render() -> None:
        held.wait_for_memory(Deadline.after(PATIENCE_SECONDS, SystemClock()))
        begun.append(True)

    waiting = Thread(target=render)
    waiting.start()
    held.remove(1)
    waiting.join(PATIENCE_SECONDS)

    assert begun == [True]
