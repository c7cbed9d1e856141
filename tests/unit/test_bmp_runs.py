import io
import struct
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import BmpImagePlugin

from shared.imaging.formats import bmp_runs
from shared.imaging.formats.bmp_runs import MAX_PIXELS, MAX_STEPS, Runs, decoded, expanded
from shared.model.errors import Cause, Failure, TooCostly, Truncated
from tests.support.images_by_hand import bmp

pytestmark = pytest.mark.unit

WIDTH, HEIGHT = 7, 5
END_OF_LINE, END = b"\0\0", b"\0\1"
PALETTE = bytes(band for at in range(16) for band in (at, 255 - at, 7, 0))


def stored(pixels: bytes, bits: int) -> bytes:
    """Return an escape with pixels that are stored one by one, padded to 16 bits."""
    if bits == 4:
        pairs = zip(pixels[::2], pixels[1::2] + b"\0", strict=False)
        body = bytes(high << 4 | low for high, low in pairs)
    else:
        body = pixels
    return bytes([0, len(pixels)]) + body + bytes(len(body) % 2)


def rows(bits: int) -> st.SearchStrategy[list[bytes]]:
    """Return rows of runs and of stored pixels, none of which is longer than the image."""
    colour = st.integers(0, 15 if bits == 8 else 255)
    run = st.builds(lambda length, value: bytes([length, value]), st.integers(1, 2), colour)
    pixels = st.lists(st.integers(0, 15), min_size=3, max_size=3).map(bytes)
    part = run | pixels.map(lambda each: stored(each, bits))
    # Pillow takes the end of an empty line for that of the line before.
    row = st.lists(part, min_size=1, max_size=2).map(b"".join)
    return st.lists(row, min_size=HEIGHT, max_size=HEIGHT)


def opened(data: bytes) -> BmpImagePlugin.BmpImageFile:
    picture = BmpImagePlugin.BmpImageFile(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("bits", [4, 8])
@given(data=st.data())
def test_runs_become_the_pixels_that_pillow_reads(bits: int, data: st.DataObject) -> None:
    lines = data.draw(rows(bits))
    whole = bmp(
        END_OF_LINE.join(lines) + END_OF_LINE + END,
        size=(WIDTH, HEIGHT),
        bits=bits,
        compression=1 if bits == 8 else 2,
        palette=PALETTE,
    )
    source = BmpImagePlugin.BmpImageFile(io.BytesIO(whole))

    plain = expanded(whole, source.size, source.tile[0].offset)

    assert opened(plain).convert("RGB").tobytes() == opened(whole).convert("RGB").tobytes()


def picture(runs: bytes, bits: int = 8) -> list[bytes]:
    """Return the rows of a picture of four by two pixels, the first row first."""
    pixels = decoded(Runs(4, 2, bits, runs))
    return [pixels[:4], pixels[4:]]


SHAPES: dict[str, tuple[bytes, list[bytes]]] = {
    "a move": (b"\1\5\0\2\1\1\1\6\0\1", [b"\5\0\0\0", b"\0\0\6\0"]),
    "the end before the last row": (b"\4\1\0\1", [b"\1\1\1\1", b"\0\0\0\0"]),
    "a run beyond its row": (b"\x09\1\0\0\4\2", [b"\1\1\1\1", b"\2\2\2\2"]),
    "stored pixels beyond their row": (
        b"\0\5abcde\0\0\0\4\2\0\1"[:8] + b"\0\0\4\2\0\1",
        [b"abcd", b"\2\2\2\2"],
    ),
    "a move beyond the image": (b"\1\1\0\2\0\xff\4\2", [b"\1\0\0\0", b"\0\0\0\0"]),
    "no end after the last pixel": (b"\4\1\0\0\4\2", [b"\1\1\1\1", b"\2\2\2\2"]),
}


@pytest.mark.parametrize(("runs", "shown"), SHAPES.values(), ids=SHAPES.keys())
def test_moves_and_ends_are_followed(runs: bytes, shown: list[bytes]) -> None:
    assert picture(runs) == shown


@pytest.mark.parametrize("runs", [b"", b"\4", b"\4\1\0\0\2\1", b"\0\2\1", b"\0\5abc"])
def test_runs_that_end_early_are_truncated(runs: bytes) -> None:
    with pytest.raises(Failure) as caught:
        picture(runs)

    assert caught.value.cause is Cause.TRUNCATED


def side() -> int:
    return int(MAX_PIXELS**0.5)


def seconds(runs: bytes, width: int, height: int, bits: int = 8) -> float:
    before = time.process_time()
    with suppress(TooCostly, Truncated):
        decoded(Runs(width, height, bits, runs))
    return time.process_time() - before


HOSTILE: dict[str, tuple[bytes, int, int, int]] = {
    "moves by nothing": (b"\0\2\0\0" * 500_000, side(), side(), 8),
    "runs beyond the row": (b"\xff\1" * 500_000, side(), side(), 8),
    "short runs of 4 bits": (b"\1\x12" * 500_000, 100_000, 4, 4),
    "the end of long lines": (b"\0\0", MAX_PIXELS, 1, 8),
    "the end of short lines": (b"\0\0" * 500_000, 1, MAX_PIXELS, 8),
    "stored pixels beyond the row": (b"\0\xff" + bytes(256), side(), side(), 8),
    "three stored pixels": (b"\0\3abc\0" * 100_000, MAX_PIXELS, 1, 8),
    "moves up": (b"\0\2\0\1" * 500_000, 1, MAX_PIXELS, 8),
}


@pytest.mark.parametrize(("runs", "width", "height", "bits"), HOSTILE.values(), ids=HOSTILE.keys())
def test_no_runs_take_much_longer_than_as_many_honest_ones(
    monkeypatch: pytest.MonkeyPatch, runs: bytes, width: int, height: int, bits: int
) -> None:
    steps = 25_000
    monkeypatch.setattr(bmp_runs, "MAX_STEPS", steps)
    # A sequence and stored pixels in turn, in rows of forty pixels.
    row = (b"\5\1" + stored(b"abcde", 8)) * 4 + END_OF_LINE
    honest = min(seconds(row * (steps // 9), 40, 10_000) for _ in range(3))

    found = min(seconds(runs, width, height, bits) for _ in range(3))

    assert found <= 4 * honest


def test_as_many_steps_as_allowed_are_done() -> None:
    lines = END_OF_LINE * (MAX_STEPS - 1)

    assert decoded(Runs(1, MAX_STEPS + 5, 8, lines + END)) == bytes(4 * (MAX_STEPS + 5))
    with pytest.raises(Failure) as caught:
        decoded(Runs(1, MAX_STEPS + 5, 8, END_OF_LINE + lines + END))
    assert caught.value.cause is Cause.TOO_COSTLY


def test_runs_of_other_bits_are_refused() -> None:
    data = bmp(b"\0\1", bits=24, compression=1)

    with pytest.raises(ValueError, match="4 or 8 bits, got 24"):
        expanded(data, (4, 2), 54)


def test_a_picture_that_is_stored_from_the_top_stays_so() -> None:
    data = bmp(b"\4\1\0\0\4\2\0\1", size=(4, -2), bits=8, compression=1, palette=PALETTE)

    plain = expanded(data, (4, 2), 54 + len(PALETTE))

    assert struct.unpack_from("<i", plain, 22) == (-2,)
