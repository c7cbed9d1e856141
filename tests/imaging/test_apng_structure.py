"""An animated PNG with a broken structure is still, forgiven, truncated or corrupt."""

import struct

import pytest

from shared.imaging.intake.probe import probe
from shared.model.errors import Cause
from tests.imaging.composing import difference, frames_of
from tests.imaging.moving_pngs import (
    BLUE,
    HIDDEN,
    MOVES,
    RECIPE,
    RED,
    SIZE,
    facts_and_first,
    one_colour,
)
from tests.imaging.rendering import near, refused
from tests.support.hand.apng import (
    Frame,
    apng,
    chunks,
    joined,
)

pytestmark = pytest.mark.imaging


def without(name: bytes, number: int) -> bytes:
    """Return the moves without the chunk of a name and number."""
    parts = list(chunks(SIZE, MOVES))
    at = [place for place, part in enumerate(parts) if part[0] == name][number]
    return joined(parts[:at] + parts[at + 1 :])


def with_field(name: bytes, number: int, offset: int, value: int, size: int = 4) -> bytes:
    """Return the moves with a number written into the chunk of a name and number."""
    parts = list(chunks(SIZE, MOVES))
    at = [place for place, part in enumerate(parts) if part[0] == name][number]
    data = bytearray(parts[at][1])
    data[offset : offset + size] = value.to_bytes(size, "big")
    parts[at] = (name, bytes(data))
    return joined(parts)


def swapped(one: int, other: int) -> bytes:
    parts = list(chunks(SIZE, MOVES))
    parts[one], parts[other] = parts[other], parts[one]
    return joined(parts)


def with_bad_checksum(name: bytes) -> bytes:
    data = bytearray(apng(SIZE, MOVES))
    at = data.find(name)
    size = int.from_bytes(data[at - 4 : at], "big")
    data[at + 4 + size] ^= 1
    return bytes(data)


# Chunks: IHDR, acTL, fcTL 0, IDAT, fcTL 1, fdAT 2, fcTL 3, fdAT 4, IEND.
BROKEN = {
    "a number missing": with_field(b"fcTL", 1, 0, 7),
    "a number twice": with_field(b"fdAT", 0, 0, 1),
    "frames out of order": swapped(4, 6),
    "pixels before their control": swapped(6, 7),
    "a frame without pixels": without(b"fdAT", 0),
    "pixels without control": without(b"fcTL", 1),
    "no frames announced": with_field(b"acTL", 0, 0, 0),
    "an odd count": with_field(b"acTL", 0, 0, 1 << 31),
    "control after the pixels": swapped(1, 3),
    "a frame beyond the canvas": with_field(b"fcTL", 1, 12, 1),
    "a frame of no width": with_field(b"fcTL", 1, 4, 0),
    "a frame of 2^32-1 pixels": with_field(b"fcTL", 1, 4, (1 << 32) - 1),
    "a first frame that is not the canvas": with_field(b"fcTL", 0, 4, 3),
    "an unknown disposal": with_field(b"fcTL", 1, 24, 3, 1),
    "an unknown blend": with_field(b"fcTL", 1, 25, 2, 1),
    "a bad checksum of acTL": with_bad_checksum(b"acTL"),
    "a bad checksum of fcTL": with_bad_checksum(b"fcTL"),
    "an empty fdAT": joined([*list(chunks(SIZE, MOVES))[:5], (b"fdAT", b""), (b"IEND", b"")]),
}


# Chromium 156 shows these frames, and ignores what else there is.
FORGIVEN = {
    "more frames announced": (with_field(b"acTL", 0, 0, 4), 3),
    "a million frames announced": (with_field(b"acTL", 0, 0, 1_000_000), 3),
    "fewer frames announced": (with_field(b"acTL", 0, 0, 2), 2),
    "one frame announced": (with_field(b"acTL", 0, 0, 1), 1),
    "the last frame without pixels": (without(b"fdAT", 1), 2),
    "announced twice": (
        joined([*list(chunks(SIZE, MOVES))[:2], *list(chunks(SIZE, MOVES))[1:]]),
        3,
    ),
}


@pytest.mark.parametrize(("data", "count"), FORGIVEN.values(), ids=FORGIVEN.keys())
def test_a_wrong_number_of_frames_is_forgiven(data: bytes, count: int) -> None:
    found, wanted = frames_of(data), frames_of(apng(SIZE, MOVES))[:count]

    assert len(found) == count
    assert max(map(difference, found, wanted)) == 0


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_animation_shows_its_default_image(data: bytes) -> None:
    frames, first = facts_and_first(data, RECIPE)

    assert frames == 1
    assert near(first, RED, 3)


def test_an_animation_may_be_announced_after_its_first_control() -> None:
    assert max(map(difference, frames_of(swapped(1, 2)), frames_of(apng(SIZE, MOVES)))) == 0
    assert probe(swapped(1, 2)).frames == 3


@pytest.mark.parametrize("default", [None, HIDDEN], ids=["a frame", "no frame"])
def test_a_cut_animation_is_truncated(default: Frame | None) -> None:
    data = apng(SIZE, MOVES, default=default)
    last_pixels_end = len(data) - 12

    for kept in range(data.index(b"IDAT") + 8, len(data)):
        if kept >= last_pixels_end:
            assert probe(data[:kept]).frames == 3
        else:
            assert refused(data[:kept]).cause is Cause.TRUNCATED


def test_an_animation_cut_between_the_pieces_of_a_frame_is_truncated() -> None:
    data = apng(SIZE, MOVES, pieces=3)

    assert refused(data[: data.rindex(b"fdAT") - 4]).cause is Cause.TRUNCATED


def test_damaged_pixels_of_a_later_frame_are_refused() -> None:
    data = bytearray(apng(SIZE, MOVES))
    data[data.rindex(b"fdAT") + 14] ^= 1

    assert refused(bytes(data)).cause is Cause.CORRUPT


def test_damaged_pixels_with_a_right_checksum_are_refused() -> None:
    failure = refused(with_field(b"fdAT", 1, 6, 0x55AA))

    assert failure.cause in {Cause.CORRUPT, Cause.TRUNCATED}


def test_a_frame_with_too_few_rows_is_refused() -> None:
    short = one_colour(BLUE, (7, 4))
    parts = list(chunks(SIZE, [*MOVES[:2], short]))
    place = max(at for at, (name, _) in enumerate(parts) if name == b"fcTL")
    control = bytearray(parts[place][1])
    control[4:12] = struct.pack(">2I", *SIZE)
    parts[place] = (b"fcTL", bytes(control))

    assert refused(joined(parts)).cause in {Cause.CORRUPT, Cause.TRUNCATED}
