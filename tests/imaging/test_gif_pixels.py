"""Every frame of a GIF has all its pixels, or the file is refused."""

import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.imaging.render import render
from shared.model.errors import Cause, Failure
from shared.model.limits import Limits
from shared.model.recipe import Animation
from tests.imaging.children import rendered
from tests.imaging.rendering import EXACT, colour, near, refused, shown
from tests.support import images
from tests.support.bombs import warm_child

pytestmark = pytest.mark.imaging

SIDE = 16
PIXELS = SIDE * SIDE
CLEAR, RED, END, CODE_BITS = 4, 1, 5, 3
COLOURS = bytes((0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255))
RED_PIXEL = (255, 0, 0)
Codes = Sequence[int]
# Codes of three bits: the table is cleared before each pixel, so that they do not become longer.
ALL: Codes = (CLEAR, RED) * PIXELS
HALF = ALL[: len(ALL) // 2]


def packed(codes: Codes) -> bytes:
    bits = "".join(f"{code:0{CODE_BITS}b}"[::-1] for code in codes)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def blocks(data: bytes, size: int = 255) -> bytes:
    parts = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(bytes([len(part)]) + part for part in parts)


def frame(codes: Codes, *, interlaced: bool = False, size: int = 255) -> bytes:
    head = b"\x21\xf9\x04\x04\x0a\x00\x00\x00\x2c" + struct.pack("<4H", 0, 0, SIDE, SIDE)
    return head + bytes((0x40 * interlaced, 2)) + blocks(packed(codes), size) + b"\0"


def gif(*frames: bytes, end: bytes = b";") -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0x81, 0, 0)
    return screen + COLOURS + b"".join(frames) + end


WITHOUT_END = frame(ALL)
WHOLE: dict[str, bytes] = {
    "with its end": gif(frame([*ALL, END])),
    "without an end code": gif(WITHOUT_END),
    "without an end code and a trailer": gif(WITHOUT_END, end=b""),
    "without an end code, a terminator and a trailer": gif(WITHOUT_END[:-1], end=b""),
    "cut after the last pixel": gif(frame([*ALL, END, *[0] * 90])[:-20], end=b""),
    "more pixels than declared": gif(frame([*ALL, *HALF, END])),
    "codes that mean nothing after the last pixel": gif(frame([*ALL, 7, 7, 7])),
    "in blocks of one byte": gif(frame(ALL, size=1)),
    "interlaced": gif(frame([*ALL, END], interlaced=True)),
    "without a first clear code": gif(frame([RED, *ALL[2:], END])),
    "behind a comment": gif(b"\x21\xfe\x05hello\0", frame(ALL)),
    "two frames": gif(frame([*ALL, END]), frame(ALL)),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_gif_with_all_its_pixels_is_rendered(data: bytes) -> None:
    for at in ((0, 0), (SIDE - 1, SIDE - 1)):
        assert near(colour(data, at), RED_PIXEL, 3)


LOST: dict[str, bytes] = {
    "half of the pixels": gif(frame([*HALF, END])),
    "half of the pixels without an end code": gif(frame(HALF)),
    "half of the pixels and an end code in the middle": gif(frame([*HALF, END, *HALF, END])),
    "one pixel": gif(frame([*ALL[:-2], END])),
    "all pixels": gif(frame([])),
    "all pixels but the end code": gif(frame([CLEAR, END])),
    "half of the pixels, interlaced": gif(frame([*HALF, END], interlaced=True)),
    "half of the pixels in blocks of one byte": gif(frame(HALF, size=1)),
    "half of the pixels of the second frame": gif(frame([*ALL, END]), frame([*HALF, END])),
    "half of the pixels of the first frame": gif(frame([*HALF, END]), frame([*ALL, END])),
    "half of the pixels of the third frame": gif(*[frame(ALL)] * 2, frame(HALF), frame(ALL)),
    "what follows a block": gif(frame(ALL)[:-50], end=b""),
}


@pytest.mark.parametrize("data", LOST.values(), ids=LOST.keys())
def test_a_gif_with_fewer_pixels_is_refused(data: bytes) -> None:
    failure = refused(data)

    assert failure.cause in {Cause.TRUNCATED, Cause.CORRUPT}
    assert "GIF" in failure.detail or "Invalid frame" in failure.detail


def test_a_cut_animation_is_refused_even_if_only_its_first_frame_is_rendered() -> None:
    still = replace(EXACT, animation=Animation.FIRST_FRAME)
    cut = gif(frame(ALL), frame(HALF)[:-1], end=b"")

    with pytest.raises(Failure) as caught:
        list(render(cut, still, Limits()))

    assert caught.value.cause is Cause.TRUNCATED
    assert list(render(gif(frame(ALL), frame(HALF)), still, Limits()))


def data_blocks(data: bytes) -> tuple[int, Sequence[bytes]]:
    """Return where the data of the first frame begin, and their blocks."""
    at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1)) + 11
    start, found = at, []
    while data[at]:
        found.append(data[at : at + 1 + data[at]])
        at += len(found[-1])
    return start, found


def without_blocks(data: bytes, share: float) -> bytes:
    """Return a GIF of one frame whose last blocks are gone, with terminator and trailer."""
    start, found = data_blocks(data)
    return data[:start] + b"".join(found[: round(len(found) * share)]) + b"\0;"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_photo_whose_blocks_end_early_is_truncated(share: float) -> None:
    whole = images.saved(images.detail((96, 72)).quantize(64), "GIF")

    assert refused(without_blocks(whole, share)).cause is Cause.TRUNCATED


def without_end_code(data: bytes) -> bytes:
    """Return a GIF of one frame and 256 colours without the code that ends it."""
    start, found = data_blocks(data)
    codes = b"".join(block[1:] for block in found)
    bits = "".join(f"{byte:08b}"[::-1] for byte in codes).rstrip("0")
    assert bits.endswith("100000001")  # 257, from its lowest bit on
    left = bits[:-9]
    left += "0" * (-len(left) % 8)
    short = bytes(int(left[at : at + 8][::-1], 2) for at in range(0, len(left), 8))
    return data[:start] + blocks(short) + b"\0;"


def test_the_last_code_of_a_flat_picture_is_not_lost() -> None:
    """One code may stand for thousands of pixels."""
    picture = images.plain(RED_PIXEL, size=(200, 200)).quantize(256)
    data = images.saved(picture, "GIF", optimize=False)

    assert shown(without_end_code(data)).tobytes() == shown(data).tobytes()


def test_a_locked_child_counts_the_pixels() -> None:
    child = warm_child()
    try:
        with pytest.raises(Failure, match="fewer"):
            rendered(child, LOST["half of the pixels"])
    finally:
        child.stop()
