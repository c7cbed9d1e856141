"""A child that does not start is the fault of the deployment, and not of an image."""

import sys

import msgspec
import pytest

from shared.imaging import render_pool as pool_module
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_process import ChildProcess
from shared.imaging.child_protocol import ReadyFrame
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Cause, DecodeTimeout, PoisonSuspect, RenderUnavailable
from shared.model.limits import MEBIBYTE, Limits
from tests.imaging.children import PATIENCE_SECONDS, SMALL_JOB, bounds, files
from tests.imaging.fake_child import UnreadyChild, ready
from tests.support import images

pytestmark = pytest.mark.imaging


def says(text: str) -> str:
    """Return a program that sends one frame and then nothing more."""
    return f"say({text.encode()!r}); time.sleep(600)"


READY_BYTES = len(msgspec.json.encode(ReadyFrame((), walks_jpegs=True)))
BROKEN_STARTS: dict[str, tuple[str, str]] = {
    "the interpreter exits at once": ("sys.exit(3)", "exited with code 3"),
    "a library is missing": (
        "sys.stderr.write('ImportError: libvips.so.42: cannot open'); sys.exit(1)",
        "Its last output: ImportError: libvips.so.42: cannot open",
    ),
    "the kernel kills it": ("os.kill(os.getpid(), 9)", "exited with code -9"),
    "it says garbage": ("print('hello from libvips')", "Expected a whole frame"),
    "it says half a word": (
        ready().replace("}'", "'"),
        f"Expected {READY_BYTES} bytes, got {READY_BYTES - 1}",
    ),
    "it says another word": (says('{"type":"nobody"}'), "nobody"),
    "it answers unasked": (
        says('{"type":"failed","cause":"corrupt","stage":"x","detail":"y"}'),
        "Invalid value 'failed'",
    ),
}


@pytest.mark.parametrize(("program", "words"), BROKEN_STARTS.values(), ids=BROKEN_STARTS.keys())
def test_a_child_that_does_not_start_is_not_the_fault_of_an_image(
    program: str, words: str
) -> None:
    child = UnreadyChild(program)

    with pytest.raises(RenderUnavailable) as caught:
        list(child.render(images.jpeg(), SMALL_JOB, time_limit_seconds=PATIENCE_SECONDS))

    assert words in caught.value.detail
    assert (caught.value.cause, caught.value.stage) == (Cause.RENDER_UNAVAILABLE, "start")
    assert not isinstance(caught.value, PoisonSuspect)
    assert not child.is_alive()


def test_a_child_that_never_becomes_ready_is_killed_at_the_time_limit() -> None:
    child = UnreadyChild("time.sleep(600)")

    with pytest.raises(RenderUnavailable, match=r"exited with code -9.*killed after 0 s"):
        child.await_ready(time_limit_seconds=0.2)

    assert not child.is_alive()


def test_the_start_of_a_child_does_not_count_in_the_images_time_limit() -> None:
    """The start is slow and the time limit short: only the image takes too long."""
    child = UnreadyChild(f"time.sleep(0.5)\n{ready()}time.sleep(600)")

    with pytest.raises(DecodeTimeout):
        list(child.render(images.jpeg(), SMALL_JOB, time_limit_seconds=0.1))

    assert not child.is_alive()


def test_a_child_is_ready_only_after_its_rlimits_are_set(child: RenderChild) -> None:
    child.await_ready()

    found = bounds(child.pid)

    assert found["Max address space"] != "unlimited"
    assert int(found["Max file size"]) == MEBIBYTE


def test_readiness_is_awaited_once(child: RenderChild) -> None:
    child.await_ready()

    child.await_ready(time_limit_seconds=0)

    assert files(child, images.jpeg())


def test_a_pool_lends_a_child_that_is_ready(render_pool: RenderPool) -> None:
    with render_pool.child(wait_seconds=0) as child:
        assert int(bounds(child.pid)["Max file size"]) == MEBIBYTE


def test_a_pool_starts_its_children_without_waiting_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "RenderChild", SleepyChild)

    render_pool = RenderPool(2, Limits())

    render_pool.close()  # no child has become ready, and none would have


class SleepyChild(UnreadyChild):
    """A child that never becomes ready."""

    def __init__(self, _memory_bytes: int) -> None:
        super().__init__("time.sleep(600)")


class BrokenChild(UnreadyChild):
    """A child in a broken deployment."""

    def __init__(self, _memory_bytes: int) -> None:
        super().__init__("sys.exit('no libvips here')")


def test_a_pool_lends_no_child_in_a_broken_deployment_and_one_after_the_repair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(pool_module, "RenderChild", BrokenChild)
        render_pool = RenderPool(1, Limits())
        for _ in range(3):
            with (
                pytest.raises(RenderUnavailable, match="no libvips here"),
                render_pool.child(wait_seconds=0),
            ):
                pass

    try:
        with render_pool.child(wait_seconds=0) as child:
            assert files(child, images.jpeg())
    finally:
        render_pool.close()


class Unstartable(RenderChild):
    """A child whose process cannot be started."""

    def _start(self) -> ChildProcess:
        raise BlockingIOError("Resource temporarily unavailable")


def test_a_process_that_cannot_be_started_is_not_the_fault_of_an_image() -> None:
    with pytest.raises(RenderUnavailable, match="temporarily unavailable") as caught:
        Unstartable(Limits().memory_bytes)

    assert caught.value.stage == "start"


def test_a_missing_interpreter_is_named(
    render_pool: RenderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with render_pool.child(wait_seconds=0) as child:
        child.stop()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with (
        pytest.raises(RenderUnavailable, match="/nowhere/python"),
        render_pool.child(wait_seconds=0),
    ):
        pass

    monkeypatch.undo()
    with render_pool.child(wait_seconds=0) as other:
        assert files(other, images.jpeg())
