"""Frames of an animated WebP are composed as RFC 9649, section 2.7.1, says."""

import io
import random
import struct

import pytest
from PIL import Image

from tests.imaging.composing import Drawn, Pixel, composed, difference, frames_of
from tests.support.hand import webp
from tests.support.hand.apng import CLEAR, KEEP, OVER, SOURCE

pytestmark = pytest.mark.imaging

SIZE = (12, 10)
IMAGE = b"VP8L"
HAS_ALPHA_AND_MOVES = b"\x12\0\0\0"
# Browsers ignore the background colour.
BACKGROUND = b"\x20\x40\xff\xff"
CLEARED, NOT_BLENDED = 1, 2


def three(value: int) -> bytes:
    return value.to_bytes(3, "little")


def drawn(seed: int) -> list[Drawn]:
    chance = random.Random(seed)  # noqa: S311 - test data
    alphas = (0, 1, 60, 128, 200, 255) if seed % 2 else (0, 255)
    found = []
    for _ in range(5):
        width, height = (chance.choice([side, chance.randint(1, side)]) for side in SIZE)
        pixels: list[Pixel] = [
            (*chance.randbytes(3), chance.choice(alphas)) for _ in range(width * height)
        ]
        # Boxes begin at even places.
        left = 2 * chance.randint(0, (SIZE[0] - width) // 2)
        top = 2 * chance.randint(0, (SIZE[1] - height) // 2)
        operations = chance.choice((KEEP, CLEAR)), chance.choice((SOURCE, OVER))
        found.append(Drawn(pixels, left, top, width, height, *operations))
    return found


def stored(frame: Drawn) -> bytes:
    picture = Image.new("RGBA", (frame.width, frame.height))
    picture.putdata(frame.pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=True, exact=True)
    data, at, found = buffer.getvalue(), 12, b""
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        end = at + 8 + size + size % 2
        found += data[at:end] if name == IMAGE else b""
        at = end
    return found


def file_of(frames: list[Drawn]) -> bytes:
    chunks = webp.chunk(b"VP8X", HAS_ALPHA_AND_MOVES + three(SIZE[0] - 1) + three(SIZE[1] - 1))
    chunks += webp.chunk(b"ANIM", BACKGROUND + bytes(2))
    for each in frames:
        box = (each.left // 2, each.top // 2, each.width - 1, each.height - 1, 50)
        flags = CLEARED * (each.disposal == CLEAR) | NOT_BLENDED * (each.blend == SOURCE)
        place = b"".join(map(three, box)) + bytes([flags])
        chunks += webp.chunk(b"ANMF", place + stored(each))
    return webp.webp(chunks)


@pytest.mark.parametrize("seed", range(30))
def test_frames_are_composed_by_the_words_of_the_standard(seed: int) -> None:
    frames = drawn(seed)

    found = frames_of(file_of(frames))

    wanted = composed(SIZE, frames)
    assert len(found) == len(wanted)
    # libwebp blends with whole numbers, and its error grows with each frame.
    tolerance = 5 if seed % 2 else 0
    assert max(map(difference, found, wanted)) <= tolerance
