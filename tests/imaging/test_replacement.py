"""A render child is replaced after a number of images, and no image waits for the new one."""

from collections.abc import Iterator

import pytest

from shared.imaging import child_process as process_module
from shared.imaging import render_pool as pool_module
from shared.imaging.child_handle import RenderChild
from shared.imaging.render_pool import RenderPool
from shared.model.errors import RenderUnavailable
from shared.model.limits import Limits
from tests.imaging.children import cpu_seconds, files
from tests.support import images

pytestmark = pytest.mark.imaging

SOURCE = images.jpeg((16, 16))


@pytest.fixture(name="started")
def _started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RenderChild]]:
    """Every child that a pool has started, in order."""
    children: list[RenderChild] = []

    def start(memory_bytes: int) -> RenderChild:
        children.append(RenderChild(memory_bytes))
        return children[-1]

    monkeypatch.setattr(pool_module, "RenderChild", start)
    yield children
    for child in children:
        child.stop()


def render(render_pool: RenderPool) -> int:
    """Render an image and return its child's process id."""
    with render_pool.child(wait_seconds=0) as child:
        assert files(child, SOURCE)
        return child.pid


def test_a_child_renders_its_images_and_is_stopped(started: list[RenderChild]) -> None:
    render_pool = RenderPool(1, Limits(), images_per_child=3)

    served = [render(render_pool) for _ in range(7)]

    first, second, third = (served[at] for at in (0, 3, 6))
    assert served == [first] * 3 + [second] * 3 + [third]
    assert len({first, second, third}) == 3
    assert [child.is_alive() for child in started] == [False, False, True]
    render_pool.close()


def test_the_next_child_starts_during_the_last_image_and_not_before(
    started: list[RenderChild],
) -> None:
    render_pool = RenderPool(1, Limits(), images_per_child=2)
    render(render_pool)
    before = len(started)

    with render_pool.child(wait_seconds=0):
        during = len(started)

    assert (before, during) == (1, 2)
    render_pool.close()


def test_with_one_image_for_each_child_no_two_images_share_a_process() -> None:
    render_pool = RenderPool(1, Limits(), images_per_child=1)

    served = [render(render_pool) for _ in range(4)]

    assert len(set(served)) == 4
    render_pool.close()


def test_a_next_child_that_cannot_start_harms_no_image(
    started: list[RenderChild], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_memory_bytes: int) -> RenderChild:
        raise RenderUnavailable("Too many open files.", stage="start")

    render_pool = RenderPool(1, Limits(), images_per_child=1)
    with monkeypatch.context() as short:
        short.setattr(pool_module, "RenderChild", unavailable)
        last = render(render_pool)
        with pytest.raises(RenderUnavailable), render_pool.child(wait_seconds=0):
            pass

    assert render(render_pool) != last
    assert not started[0].is_alive()
    render_pool.close()


def test_a_child_that_crashes_at_its_last_image_is_followed_by_the_next(
    started: list[RenderChild],
) -> None:
    render_pool = RenderPool(1, Limits(), images_per_child=1)
    with render_pool.child(wait_seconds=0) as child:
        child.stop()

    served = render(render_pool)

    assert served == started[1].pid
    render_pool.close()


def test_a_closed_pool_leaves_no_next_child(started: list[RenderChild]) -> None:
    render_pool = RenderPool(1, Limits(), images_per_child=2)
    render(render_pool)
    with render_pool.child(wait_seconds=0):
        pass

    render_pool.close()

    assert len(started) == 2
    assert not any(child.is_alive() for child in started)


def test_a_child_is_replaced_when_it_has_used_half_of_its_cpu_time(
    started: list[RenderChild], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel would end it in the middle of an image."""
    render_pool = RenderPool(1, Limits())
    first = [render(render_pool) for _ in range(2)]
    monkeypatch.setattr(process_module, "CHILD_CPU_SECONDS", cpu_seconds(started[0].pid))

    last = render(render_pool)
    successor = render(render_pool)

    assert {*first, last} == {started[0].pid}
    assert successor == started[1].pid
    render_pool.close()
