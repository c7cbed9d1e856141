import struct
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shared.imaging.formats.exif import ARTIST, COPYRIGHT, read_texts
from tests.support.credits import exif

pytestmark = pytest.mark.unit

texts = st.dictionaries(
    st.sampled_from([ARTIST, COPYRIGHT]), st.binary(min_size=1, max_size=300), max_size=2
)


def written(said: Mapping[int, bytes]) -> bytes:
    """Return an EXIF as Pillow writes it."""
    made = Image.Exif()
    for tag, text in said.items():
        made[tag] = text
    return made.tobytes()


@given(texts)
def test_exif_of_another_library_is_read(said: dict[int, bytes]) -> None:
    found = read_texts(written(said))

    assert found == {tag: text + b"\0" for tag, text in said.items()}


def test_the_texts_of_another_library_are_read() -> None:
    found = read_texts(exif(rights="© Ada".encode(), creator="A").tobytes())

    assert found == {COPYRIGHT: "© Ada\0".encode(), ARTIST: b"A\0"}


def test_the_big_endian_order_is_read_too() -> None:
    entry = struct.pack(">HHII", COPYRIGHT, 2, 8, 26)
    tiff = struct.pack(">4sIH", b"MM\0*", 8, 1) + entry + bytes(4) + b"Someone\0"

    assert read_texts(tiff) == {COPYRIGHT: b"Someone\0"}


def test_a_number_is_not_taken_for_a_text() -> None:
    entry = struct.pack("<HHII", COPYRIGHT, 4, 1, 7)

    assert read_texts(struct.pack("<4sIH", b"II*\0", 8, 1) + entry) == {}


WHOLE = written({ARTIST: b"x" * 50, COPYRIGHT: b"y" * 50})


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_broken_exif_raises_nothing(cut: int, at: int, value: int) -> None:
    spoilt = WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :]

    for data in (WHOLE[:cut], spoilt):
        assert set(read_texts(data)) <= {ARTIST, COPYRIGHT}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_ignored(data: bytes) -> None:
    for start in (b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0"):
        read_texts(start + data)


def test_a_text_is_bounded_whatever_its_length_says() -> None:
    entry = struct.pack("<HHII", COPYRIGHT, 2, 0xFFFFFFFF, 0)
    data = struct.pack("<4sIH", b"II*\0", 8, 1) + entry + b"z" * 10_000_000

    assert len(read_texts(data)[COPYRIGHT]) == 4096
