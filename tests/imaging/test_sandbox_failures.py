import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from shared.imaging.child_handle import RenderChild, failure_for
from shared.imaging.child_protocol import FailedFrame, Job, RenderStage
from shared.imaging.render_pool import RenderPool
from shared.model.errors import (
    Cause,
    DecoderCrash,
    DecodeTimeout,
    Failure,
)
from shared.model.limits import MEBIBYTE, Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.imaging.children import (
    EVERY_SLOT_JOB,
    PATIENCE_SECONDS,
    SLOW_JOB,
    SLOW_SIZE,
    SMALL_JOB,
    files,
    flat_png,
    rendered,
)
from tests.imaging.fake_child import FakeChild
from tests.support import images

pytestmark = pytest.mark.imaging

MEMORY_BYTES = Limits().memory_bytes


def test_a_child_that_never_answers_is_killed_at_the_limit_and_replaced(
    render_pool: RenderPool,
) -> None:
    with render_pool.child(wait_seconds=0) as child:
        hung = child.pid
        os.kill(hung, signal.SIGSTOP)
        with pytest.raises(DecodeTimeout) as caught:
            list(child.render(images.jpeg(), SMALL_JOB, time_limit_seconds=0.2))

    with render_pool.child(wait_seconds=0) as child:
        assert caught.value.stage == "render"
        assert child.pid != hung
        assert files(child, images.jpeg())


def test_a_child_that_stops_reading_a_large_source_is_killed(child: RenderChild) -> None:
    child.await_ready()
    os.kill(
        child.pid, signal.SIGSTOP
    )  # a pipe holds 64 KiB; writing the rest of the source blocks

    with pytest.raises(DecodeTimeout):
        list(child.render(bytes(4 * MEBIBYTE), SMALL_JOB, time_limit_seconds=0.2))

    assert not child.is_alive()


def test_a_child_killed_in_the_middle_of_an_image_is_a_crash_and_replaced(
    render_pool: RenderPool,
) -> None:
    with render_pool.child(wait_seconds=0) as child:
        killed = child.pid
        replies = child.render(
            images.jpeg(SLOW_SIZE), SLOW_JOB, time_limit_seconds=PATIENCE_SECONDS
        )
        next(replies)
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(DecoderCrash, match="exited with code -9"):
            list(replies)

    with render_pool.child(wait_seconds=0) as child:
        assert child.pid != killed
        assert files(child, images.jpeg())


def test_a_child_that_exited_while_idle_is_replaced(render_pool: RenderPool) -> None:
    with render_pool.child(wait_seconds=0) as child:
        child._process.popen.kill()
        child._process.popen.wait()

    with render_pool.child(wait_seconds=0) as other:
        assert files(other, images.jpeg())


def test_a_child_is_killed_if_the_caller_stops_iterating_early(render_pool: RenderPool) -> None:
    with render_pool.child(wait_seconds=0) as child:
        replies = child.render(
            images.jpeg(SLOW_SIZE), SLOW_JOB, time_limit_seconds=PATIENCE_SECONDS
        )
        next(replies)

        replies.close()  # type: ignore[attr-defined] # a generator

        assert not child.is_alive()
    with render_pool.child(wait_seconds=0) as other:
        assert files(other, images.jpeg())[0].variants == ("w80",)


BOMBS: dict[str, tuple[Callable[[], bytes], Slot]] = {
    "one large allocation": (partial(flat_png, (12_000, 9_000)), Slot.WEBP),
    "an encoder's many": (partial(images.jpeg, (3200, 2400)), Slot.AVIF),
}


@pytest.mark.parametrize(("make", "slot"), BOMBS.values(), ids=BOMBS.keys())
def test_an_image_that_exhausts_the_memory_fails_alone(
    make: Callable[[], bytes], slot: Slot
) -> None:
    source = make()
    # The cost check accepts it, RLIMIT_AS does not. libvips fails in different ways.
    believing = Limits(memory_bytes=1 << 40, max_pixels=1 << 40)
    full_size = Recipe("full", (Variant("full", (slot,)),))
    render_pool = RenderPool(1, Limits(memory_bytes=64 * MEBIBYTE))

    try:
        with render_pool.child(wait_seconds=0) as child, pytest.raises(Failure) as caught:
            rendered(child, source, Job(full_size, believing))
        with render_pool.child(wait_seconds=0) as child:
            after = files(child, images.jpeg())
    finally:
        render_pool.close()

    assert caught.value.cause in {Cause.TOO_COSTLY, Cause.DECODER_CRASH}
    assert [file.variants for file in after] == [("w80",)]


FAKE_CHILDREN: dict[str, str] = {
    "says nothing": "",
    "ends with a code": "sys.exit(7)",
    "talks": "print('hello from libvips')",
    "sends half a prefix": "out.write(b'\\0\\0')",
    "sends half a header": "take(); out.write(prefix(100, 0) + b'{')",
    "sends half a payload": "take(); out.write(prefix(2, 100) + b'{}x')",
    "sends a header of 4 GB": "take(); out.write(prefix(2**32 - 1, 0) + bytes(100))",
    "sends an unknown word": 'take(); say(b\'{"type":"run"}\')',
    "sends zeros for ever": "while True: out.write(bytes(65536))",
    "reads nothing and goes": "os.close(0)",
}


@pytest.mark.parametrize("program", FAKE_CHILDREN.values(), ids=FAKE_CHILDREN.keys())
def test_an_invalid_frame_of_a_child_is_a_crash(program: str) -> None:
    child = FakeChild(program)

    with pytest.raises(DecoderCrash) as caught:
        list(child.render(images.jpeg(), SMALL_JOB, time_limit_seconds=PATIENCE_SECONDS))

    assert caught.value.stage == "render"
    assert not child.is_alive()


def test_the_last_line_of_a_childs_standard_error_is_in_the_detail() -> None:
    child = FakeChild(
        # The output before this job must not be in the detail.
        "sys.stdin.buffer.read(1);"
        "sys.stderr.write('chatter ' * 1000 + 'free(): invalid pointer'); sys.exit(134)"
    )

    with pytest.raises(DecoderCrash) as caught:
        list(child.render(images.jpeg(), SMALL_JOB, time_limit_seconds=PATIENCE_SECONDS))

    assert "exited with code 134" in caught.value.detail
    assert caught.value.detail.endswith("free(): invalid pointer")
    assert len(caught.value.detail) < 700


@pytest.mark.parametrize("cause", [cause.value for cause in Cause])
def test_a_child_can_only_report_causes_of_its_image(cause: str) -> None:
    """A hostile child must not be able to report an outage or another worker's claim."""
    frame = f'{{"type":"failed","cause":"{cause}","stage":"render","detail":"y"}}'
    child = FakeChild(f"take(); say({frame.encode()!r}); sys.stdin.buffer.read()")

    with pytest.raises(Failure) as caught:
        list(child.render(b"", SMALL_JOB, time_limit_seconds=PATIENCE_SECONDS))
    child.stop()

    believed = caught.value.cause.value
    transient = {
        "access_denied",
        "claim_lost",
        "claimed",
        "deadline",
        "decode_timeout",
        "decoder_crash",
        "ledger_unavailable",
        "only_at_upload",
        "render_unavailable",
        "source_archived",
        "source_changed",
        "source_slow",
        "storage_unavailable",
        "throttled",
        "unknown_schema",
        "watermark_unusable",
    }
    assert believed == ("unknown" if cause in transient else cause)


@pytest.mark.parametrize("cause", Cause)
def test_a_child_can_report_an_unusable_watermark_only_for_a_job_with_one(cause: Cause) -> None:
    said = FailedFrame(cause, RenderStage.WATERMARK, "y")

    without, with_watermark = (failure_for(said, job) for job in (SMALL_JOB, EVERY_SLOT_JOB))

    is_of_the_watermark = cause is Cause.WATERMARK_UNUSABLE
    assert with_watermark.cause is (cause if is_of_the_watermark else without.cause)
    assert without.cause is not Cause.WATERMARK_UNUSABLE


@pytest.mark.parametrize("cause", Cause)
def test_a_child_can_report_only_at_upload_only_for_a_job_of_one_variant(cause: Cause) -> None:
    said = FailedFrame(cause, RenderStage.COST, "y")

    of_all = failure_for(said, SMALL_JOB)
    of_one = failure_for(said, msgspec.structs.replace(SMALL_JOB, only=("w80", Slot.WEBP)))

    is_only_at_upload = cause is Cause.ONLY_AT_UPLOAD
    assert of_one.cause is (cause if is_only_at_upload else of_all.cause)
    assert of_all.cause is not Cause.ONLY_AT_UPLOAD


HIDDEN = """
import ctypes, sys
from shared.imaging.child_handle import RenderChild
from shared.model.limits import Limits
PR_GET_DUMPABLE = 3
before = ctypes.CDLL(None).prctl(PR_GET_DUMPABLE)
RenderChild(Limits().memory_bytes).stop()
sys.exit(f"{before} {ctypes.CDLL(None).prctl(PR_GET_DUMPABLE)}" != "1 0")
"""


def test_the_process_that_starts_a_child_hides_its_memory_and_environment() -> None:
    # Files of a process that is not dumpable belong to root: man 5 proc, man 2 ptrace.
    ended = subprocess.run(
        [sys.executable, "-c", HIDDEN],
        env={"PYTHONPATH": os.pathsep.join(["", *sys.path])},
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0


# One encode takes minutes, during which the child does not read its pipes.
ORPHANED = """
import sys, threading, time
from shared.imaging.child_protocol import Job
from shared.imaging.child_handle import RenderChild
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.support import images
slowest = Variant("full", (Slot.AVIF,), effort={"avif": 9})
job = Job(Recipe("slow", (slowest,)), Limits())
child = RenderChild(Limits().memory_bytes)
source = images.jpeg((3000, 2000))
work = lambda: list(child.render(source, job, time_limit_seconds=600))
threading.Thread(target=work, daemon=True).start()
time.sleep(2)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_that_is_encoding_does_not_outlive_a_killed_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANED],
        env={"PYTHONPATH": os.pathsep.join(["", *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()

    ended, _, _ = select.select([child], [], [], 20)

    os.close(child)
    assert ended
