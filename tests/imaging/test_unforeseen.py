"""An exception that nobody foresaw is an answer about one image: the child renders the next."""

import random
import re
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from shared.imaging.child_frames import new_nonce
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_process import ChildProcess
from shared.imaging.child_protocol import (
    DoneFrame,
    FailedFrame,
    Job,
    Reply,
    read_ready,
    read_reply,
    write_job,
)
from shared.model.errors import MAX_DETAIL_CHARS, Cause, Corrupt, Failure
from shared.model.limits import MEBIBYTE, Limits
from tests.imaging.children import PATIENCE_SECONDS, SMALL_JOB, rendered
from tests.imaging.fuzz_seeds import SeedFile, seeds
from tests.imaging.hosted_child import HostedChild
from tests.imaging.probes import RAISE, RAISE_IN_A_READER, RAISED, Request, Targets
from tests.support import images
from tests.support.images_heic import heic
from tests.support.size import SIZE

pytestmark = pytest.mark.imaging

SIDE = 64
NOBODY = Targets("", 0, 0, 0)
MAX_BYTES = 1 * MEBIBYTE
# Sides as the files can declare them; the last ones do not fit into libheif's own numbers.
SIDES = ((0, 0), (0, 5), (2**31, SIDE), (SIDE, 2**31), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1))
HEADER_BYTES = 700
EXTREMES: tuple[int, ...] = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
EXTREMES += (2**32 - 2, 2**63 - 1, 2**63, 2**64 - 1)
# No image has so few pixels: each file is refused after its header was read.
ONLY_HEADERS = Job(SMALL_JOB.recipe, Limits(max_pixels=1))


@pytest.fixture(name="host", scope="module")
def _host() -> Iterator[HostedChild]:
    host = HostedChild()
    yield host
    host.stop()


@pytest.mark.parametrize("name", RAISED)
def test_any_exception_of_a_reader_is_corrupt_and_the_child_lives(
    host: HostedChild, name: str
) -> None:
    pid = host.pid

    with pytest.raises(Corrupt) as caught:
        host.send(RAISE_IN_A_READER + name, NOBODY)

    assert f"got {name}" in caught.value.detail
    assert caught.value.detail.isprintable()
    assert "Traceback" not in caught.value.detail
    assert rendered(host, images.jpeg()).facts.format == "jpeg"
    assert host.pid == pid


@contextmanager
def started() -> Iterator[ChildProcess]:
    """Yield a child without the parent's side, which replaces a child after unknown failures."""
    module, memory = "tests.imaging.sandbox_host", str(Limits().memory_bytes)
    process = ChildProcess([sys.executable, "-P", "-s", "-m", module, memory])
    process.pipes.limit(PATIENCE_SECONDS)
    read_ready(process.pipes.reader)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture(name="process", scope="module")
def _process() -> Iterator[ChildProcess]:
    with started() as process:
        yield process


def last_reply(process: ChildProcess, source: bytes) -> Reply:
    """Return what a child answers last."""
    nonce = new_nonce()
    process.pipes.limit(PATIENCE_SECONDS)
    write_job(process.pipes.writer, SMALL_JOB, source, b"", nonce=nonce)
    while True:
        reply, _ = read_reply(process.pipes.reader, nonce=nonce, max_payload_bytes=MAX_BYTES)
        if isinstance(reply, DoneFrame | FailedFrame):
            return reply


@pytest.mark.parametrize("name", RAISED)
def test_any_exception_of_our_own_code_is_unknown_and_the_child_lives(
    process: ChildProcess, name: str
) -> None:
    source = msgspec.json.encode(Request(RAISE + name, NOBODY))

    reply = last_reply(process, source)

    assert isinstance(reply, FailedFrame)
    assert reply.cause is Cause.UNKNOWN
    assert re.search(rf"got one at \w+\.py:\d+: {name}", reply.detail)
    assert reply.detail.isprintable()
    assert len(reply.detail) <= MAX_DETAIL_CHARS
    assert isinstance(last_reply(process, images.jpeg()), DoneFrame)
    assert process.is_alive()


def test_the_child_writes_an_exception_to_its_standard_error() -> None:
    with started() as process:
        last_reply(process, msgspec.json.encode(Request(f"{RAISE}RecursionError", NOBODY)))
        process.popen.kill()

        assert "RecursionError" in process.exit_description(EOFError())


def with_sides(data: bytes, width: int, height: int) -> bytes:
    """Return an AVIF or HEIC that declares other sides."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


HEIFS: dict[str, Callable[[], bytes]] = {
    "heic": lambda: heic(images.detail((SIDE, SIDE))),
    "avif": lambda: images.avif((SIDE, SIDE)),
}


@pytest.mark.parametrize("sides", SIDES, ids=lambda sides: f"{sides[0]}x{sides[1]}")
@pytest.mark.parametrize("make", HEIFS.values(), ids=HEIFS.keys())
def test_impossible_sides_are_an_answer_and_the_child_lives(
    host: HostedChild, make: Callable[[], bytes], sides: tuple[int, int]
) -> None:
    pid = host.pid

    with pytest.raises(Failure) as caught:
        rendered(host, with_sides(make(), *sides))

    assert caught.value.cause in {Cause.CORRUPT, Cause.TOO_MANY_PIXELS}
    assert rendered(host, images.jpeg()).facts.format == "jpeg"
    assert host.pid == pid


@pytest.mark.parametrize("file", seeds(), ids=lambda file: file.name)
def test_extreme_numbers_in_a_header_end_no_child(child: RenderChild, file: SeedFile) -> None:
    pid, choose = child.pid, random.Random(f"{SIZE.seed} {file.name}")  # noqa: S311 - not secret
    longest = min(HEADER_BYTES, len(file.data) - 8)

    for _ in range(SIZE.fuzz_cases // 24):
        at, width = choose.randrange(4, longest), choose.choice((1, 2, 4, 8))
        number = choose.choice(EXTREMES) % (1 << 8 * width)
        field = number.to_bytes(width, choose.choice(("big", "little")))
        with pytest.raises(Failure) as caught:
            rendered(child, file.data[:at] + field + file.data[at + width :], ONLY_HEADERS)
        assert caught.value.is_permanent, (at, field, caught.value)
        assert child.pid == pid

    assert rendered(child, file.data).facts.format
    assert child.is_alive()
