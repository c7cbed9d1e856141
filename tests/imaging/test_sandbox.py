import os
import subprocess
import sys
import threading

import pytest

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_process import CHILD_ENVIRONMENT, INHERITED_VARIABLES
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.errors import (
    Cause,
    Failure,
    NotAnImage,
    OutOfTime,
    TooManyPixels,
)
from shared.model.limits import CHILD_CPU_SECONDS, MEBIBYTE, Limits
from tests.imaging.children import (
    PATIENCE_SECONDS,
    SLOW_JOB,
    SLOW_SIZE,
    SMALL_JOB,
    bounds,
    command_line,
    cpu_seconds,
    ends,
    environment,
    files,
    rendered,
    resident_bytes,
)
from tests.support import images

pytestmark = pytest.mark.imaging

MEMORY_BYTES = Limits().memory_bytes
SECRET = "wJalrXUtnFEMI-EXAMPLEKEY"  # noqa: S105 - made up


def test_a_child_is_started_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "MY_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    child = RenderChild(MEMORY_BYTES)

    try:
        # Read before the child has locked itself in, after which only root can read it.
        while not (found := environment(child.pid)):
            pass  # the kernel has not yet set up the new program
        command = command_line(child.pid)
        rendered(child, images.jpeg())
    finally:
        child.stop()

    assert found.keys() - INHERITED_VARIABLES == {*CHILD_ENVIRONMENT, "PYTHONPATH"}
    assert SECRET not in str(found)
    assert SECRET not in str(command)


def test_a_child_has_its_rlimits(child: RenderChild) -> None:
    rendered(child, images.jpeg())

    found = bounds(child.pid)

    assert MEMORY_BYTES < int(found["Max address space"]) < 3 * MEMORY_BYTES
    assert found["Max core file size"] == "0"
    assert int(found["Max cpu time"]) == CHILD_CPU_SECONDS
    assert found["Max open files"] == "0"
    assert int(found["Max file size"]) == MEBIBYTE


def test_a_child_exits_when_its_parents_pipe_closes(child: RenderChild) -> None:
    rendered(child, images.jpeg())

    child._process.pipes.writer.close()

    assert child._process.popen.wait(timeout=PATIENCE_SECONDS) == 0


def test_a_child_does_not_outlive_a_parent_that_was_killed() -> None:
    program = (
        "import sys; from shared.imaging.child_handle import RenderChild;"
        f"child = RenderChild({MEMORY_BYTES}); print(child.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))

        parent.kill()

        try:
            assert ends(descriptor)
        finally:
            os.close(descriptor)


def test_a_child_serves_one_image_after_the_other(render_pool: RenderPool) -> None:
    """The worker stops iterating at the last reply, which must not kill the child."""
    served = []
    for number in range(3):
        with render_pool.child(wait_seconds=0) as child:
            rendered(child, images.jpeg(seed=number))
            served.append(child.pid)

    assert len(set(served)) == 1


@pytest.mark.parametrize(
    ("source", "limits", "kind"),
    [
        (b"no image", Limits(), NotAnImage),
        (images.jpeg(), Limits(max_pixels=10), TooManyPixels),
    ],
    ids=["not an image", "too many pixels"],
)
def test_a_child_stays_alive_after_a_refusal(
    child: RenderChild, source: bytes, limits: Limits, kind: type[Failure]
) -> None:
    pid = child.pid

    with pytest.raises(kind) as caught:
        rendered(child, source, Job(SMALL_JOB.recipe, limits))

    assert caught.value.stage in {"sniff", "admit"}
    assert child.is_alive()
    assert child.pid == pid
    assert files(child, images.jpeg())


def test_the_last_reply_of_a_render_has_its_costs(child: RenderChild) -> None:
    done = rendered(child, images.jpeg((160, 120)))

    assert (done.facts.width, done.facts.height, done.facts.format) == (160, 120, "jpeg")
    assert 0 < done.cpu_seconds < PATIENCE_SECONDS
    assert 0 < done.wall_seconds < PATIENCE_SECONDS
    assert MEBIBYTE < done.peak_bytes < MEMORY_BYTES


def test_forty_images_do_not_grow_a_childs_memory(child: RenderChild) -> None:
    sources = [make(seed=seed) for seed in range(2) for make in (images.jpeg, images.webp)]
    sources += [images.alpha_png(), images.avif(), images.animated_gif()]
    for number in range(14):
        rendered(child, sources[number % len(sources)])
    before = resident_bytes(child.pid)

    for number in range(40):
        rendered(child, sources[number % len(sources)])

    assert resident_bytes(child.pid) - before < 8 * MEBIBYTE


def test_each_variant_is_sent_while_the_next_is_encoded(child: RenderChild) -> None:
    rendered(child, images.jpeg())
    before = cpu_seconds(child.pid)
    replies = child.render(images.jpeg(SLOW_SIZE), SLOW_JOB, time_limit_seconds=PATIENCE_SECONDS)

    first = next(replies)

    at_first = cpu_seconds(child.pid) - before
    *others, done = replies
    whole = cpu_seconds(child.pid) - before
    assert isinstance(first, tuple)
    assert isinstance(first[0], VariantFrame)
    assert len(others) == 3
    assert isinstance(done, DoneFrame)
    # The other three files, with the slow ones among them, cannot be encoded yet.
    assert at_first < whole / 2


def test_two_children_work_at_the_same_time() -> None:
    render_pool = RenderPool(2, Limits())
    try:
        with render_pool.child(wait_seconds=0) as one, render_pool.child(wait_seconds=0) as other:
            held = one.render(
                images.jpeg(SLOW_SIZE), SLOW_JOB, time_limit_seconds=PATIENCE_SECONDS
            )
            next(held)

            done = rendered(other, images.jpeg())

            assert done.facts.width == 160
            assert one.pid != other.pid
            assert isinstance(list(held)[-1], DoneFrame)
    finally:
        render_pool.close()


def test_threads_that_share_a_pool_get_their_own_pictures() -> None:
    render_pool = RenderPool(2, Limits())
    sizes = [(40 + 4 * number, 40) for number in range(12)]
    seen: list[tuple[int, int]] = []

    def work(size: tuple[int, int]) -> None:
        with render_pool.child(wait_seconds=PATIENCE_SECONDS) as child:
            facts = rendered(child, images.png(size)).facts
        seen.append((facts.width, facts.height))

    threads = [threading.Thread(target=work, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    render_pool.close()

    assert sorted(seen) == sizes


def test_a_child_that_is_lent_is_not_lent_again(render_pool: RenderPool) -> None:
    with (
        render_pool.child(wait_seconds=0),
        pytest.raises(OutOfTime) as caught,
        render_pool.child(wait_seconds=-1),
    ):
        pass

    assert caught.value.cause is Cause.DEADLINE


def test_a_closed_pool_leaves_no_process() -> None:
    render_pool = RenderPool(2, Limits())
    with render_pool.child(wait_seconds=0) as one, render_pool.child(wait_seconds=0) as other:
        children = (one, other)

    render_pool.close()

    assert not any(child.is_alive() for child in children)
