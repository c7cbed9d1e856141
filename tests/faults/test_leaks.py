"""A warm worker leaks no memory, descriptor, process or file of its batches."""

import errno
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared.imaging.render_pool import RenderPool
from shared.model.errors import Cause
from shared.model.limits import Limits
from shared.model.outcome import Outcome
from tests.faults.delivery import Delivery, cause, delivery_of, notification
from tests.functional.conftest import World
from tests.support import images

pytestmark = pytest.mark.faults

WARM_BATCHES = 3
SMALL = (48, 36)


def batch(delivery: Delivery, number: int) -> list[Cause | None]:
    """Process nine new pictures and a broken one."""
    keys = [f"{number}-{at}.jpg" for at in range(10)]
    for at, key in enumerate(keys):
        data = images.jpeg(SMALL, seed=number) if at else images.truncated_jpeg(SMALL)
        delivery.world.drop(key, data)
    return [cause(each.outcome) for each in delivery.deliver(*map(notification, keys))]


def descriptors(pid: int | str = "self") -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.case(45)
def test_thirty_warm_records_leave_no_descriptor_no_process_and_no_file(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(delivery, 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with delivery.world.context.render_pool.child(wait_seconds=5) as child:
        before = (descriptors(), descriptors(child.pid))

    outcomes = [batch(delivery, number) for number in range(1, WARM_BATCHES + 1)]

    with delivery.world.context.render_pool.child(wait_seconds=5) as child:
        after = (descriptors(), descriptors(child.pid))
    assert outcomes == [[Cause.TRUNCATED, *[None] * 9]] * WARM_BATCHES
    assert after == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.case(45)
def test_a_child_that_was_replaced_five_times_leaves_no_descriptor() -> None:
    render_pool = RenderPool(1, Limits())
    before = descriptors()

    for _ in range(5):
        with render_pool.child(wait_seconds=5) as child:
            os.kill(child.pid, signal.SIGKILL)
            child._process.popen.wait()
    with render_pool.child(wait_seconds=5) as child:
        after = descriptors()
        is_alive = child.is_alive()

    render_pool.close()
    assert after == before
    assert is_alive


@pytest.mark.case(45)
def test_a_child_that_finds_no_descriptor_costs_a_delivery_and_no_image(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_descriptor(*_arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    world, render_pool = make_world(), RenderPool(1, Limits())
    delivery = delivery_of(replace(world, context=replace(world.context, render_pool=render_pool)))
    world.drop("a.jpg", images.jpeg(SMALL))
    with render_pool.child(wait_seconds=5) as child:
        child.stop()

    with monkeypatch.context() as full:
        full.setattr(os, "memfd_create", no_descriptor)
        (hindered,) = delivery.deliver(notification("a.jpg"))
    outcomes = delivery.persist(notification("a.jpg"))

    render_pool.close()
    delivery.stop()
    assert cause(hindered.outcome) is Cause.RENDER_UNAVAILABLE
    assert not hindered.is_acknowledged
    assert outcomes[-1] is Outcome.MADE
    assert delivery.queues.sent == []
