import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.heif_boxes import (
    boxes,
    declared_bytes,
    has_still_image,
)
from shared.imaging.formats.heif_properties import primaries_and_transfer
from shared.imaging.intake.truncation import refuse_truncated
from shared.model.errors import Truncated
from tests.support import images, images_heic

pytestmark = pytest.mark.unit

AVIF, HEIC, GRID = images.avif(), images_heic.heic(), images_heic.grid_heic()
# A box of 64 bits of length, and one that reaches to the end.
LONG = struct.pack(">I4sQ", 1, b"mdat", 24) + bytes(8)
ENDLESS = struct.pack(">I4s", 0, b"free") + b"rest"


def test_boxes_are_found_with_every_form_of_length() -> None:
    data = LONG + struct.pack(">I4s", 8, b"skip") + ENDLESS

    found = [(box.kind, box.start, box.end) for box in boxes(data, 0, len(data))]

    assert found == [(b"mdat", 16, 24), (b"skip", 32, 32), (b"free", 40, len(data))]


@pytest.mark.parametrize("data", [AVIF, HEIC, GRID], ids=["avif", "heic", "grid"])
def test_a_complete_file_has_its_declared_length(data: bytes) -> None:
    assert declared_bytes(data) == len(data)
    refuse_truncated("heic", data)


@pytest.mark.parametrize("data", [AVIF, HEIC, GRID], ids=["avif", "heic", "grid"])
def test_every_truncation_is_noticed(data: bytes) -> None:
    # Files that are cut before the end of the second box are refused by the decoder.
    first = next(boxes(data, 0, len(data))).end

    for kept in range(first + 8, len(data), 97):
        with pytest.raises(Truncated):
            refuse_truncated("avif", data[:kept])


def test_bytes_after_the_last_box_are_ignored() -> None:
    refuse_truncated("heic", HEIC + struct.pack(">I4s", 9999, b"sefd"))


@pytest.mark.parametrize("data", [AVIF, HEIC, GRID], ids=["avif", "heic", "grid"])
def test_the_colour_numbers_are_those_of_the_primary_image(data: bytes) -> None:
    assert primaries_and_transfer(data) == (1, 13)
    assert primaries_and_transfer(images_heic.with_numbers(data, 12, 16)) == (12, 16)


def test_a_file_with_an_embedded_profile_has_no_colour_numbers() -> None:
    assert primaries_and_transfer(AVIF.replace(b"colrnclx", b"colrprof")) is None


def test_an_image_sequence_is_not_a_still_image() -> None:
    ftyp, moov = struct.pack(">I4sI4s", 16, b"ftyp", 0, b"hevc"), struct.pack(">I4s", 8, b"moov")

    assert not has_still_image(ftyp + moov)
    assert has_still_image(HEIC + moov)


@given(st.sampled_from([AVIF[:600], HEIC[:600], GRID[:2000]]), st.data())
def test_no_bytes_raise_anything(head: bytes, data: st.DataObject) -> None:
    changed = bytearray(head)
    for at in data.draw(st.lists(st.integers(0, len(head) - 1), max_size=8)):
        changed[at] = data.draw(st.integers(0, 255))

    assert declared_bytes(bytes(changed)) >= 0
    numbers = primaries_and_transfer(bytes(changed))
    assert numbers is None or max(numbers) < 1 << 16


def iloc(count: int, pieces: int) -> bytes:
    """Return a file whose items have any number of empty extents."""
    items = struct.pack(">HHH", 1, 0, pieces) * 3
    said = struct.pack(">I4sIBBH", 8 + 4 + 4 + len(items), b"iloc", 0, 0, 0, count) + items
    return struct.pack(">I4sI", 12 + len(said), b"meta", 0) + said


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "data",
    [iloc(65_535, 65_535), struct.pack(">I4s", 8, b"free") * 3_000_000],
    ids=["pieces", "boxes"],
)
def test_hostile_counts_are_read_in_a_short_time(data: bytes) -> None:
    assert declared_bytes(data) <= len(data)
    assert primaries_and_transfer(data) is None
