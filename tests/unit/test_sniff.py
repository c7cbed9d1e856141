import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.intake.magic import MAGIC, PATTERNS, RENDERED, WORDS
from shared.imaging.intake.sniff import HEADER_BYTES, describe, require_rendered_format, sniff
from shared.model.errors import NotAnImage, UnsupportedFormat
from tests.support import images, images_heic
from tests.support.first_bytes import HEADS, OTHERS, ftyp

pytestmark = pytest.mark.unit

BASED_ON = {("tiff", "cr2"), ("png", "cgbi"), ("psd", "psb")}


@pytest.mark.parametrize(("head", "name"), HEADS.values(), ids=HEADS.keys())
def test_each_format_is_recognised_by_its_first_bytes(head: bytes, name: str) -> None:
    assert sniff(head) == name
    assert sniff(head + bytes(100)) == name


@pytest.mark.parametrize(("head", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_a_file_that_is_no_image_is_refused_in_words(head: bytes, words: str) -> None:
    assert sniff(head) is None
    with pytest.raises(NotAnImage) as caught:
        require_rendered_format(head)
    assert caught.value.detail == f"Expected an image, got {words}."
    assert caught.value.stage == "sniff"


def test_every_format_has_words_and_a_case() -> None:
    cases = {name for _, name in HEADS.values()}

    assert cases == WORDS.keys()
    assert {name for name, _ in (*MAGIC, *PATTERNS)} <= WORDS.keys()
    assert all(words.startswith(("a ", "an ")) for words in WORDS.values())


@given(st.binary(max_size=2 * HEADER_BYTES))
def test_any_bytes_are_described_in_plain_words(data: bytes) -> None:
    assert describe(data).isprintable()
    assert describe(data).startswith(("a ", "an "))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (images.jpeg(), "jpeg"),
        (images.png(), "png"),
        (images.webp(), "webp"),
        (images.animated_gif(), "gif"),
        (images.avif(), "avif"),
        (images_heic.heic(), "heic"),
        (images.saved(images.plain((1, 2, 3)), "BMP"), "bmp"),
        (images.saved(images.plain((1, 2, 3)), "TIFF"), "tiff"),
    ],
    ids=["jpeg", "png", "webp", "gif", "avif", "heic", "bmp", "tiff"],
)
def test_files_of_encoders_are_recognised_and_rendered(data: bytes, name: str) -> None:
    assert require_rendered_format(data) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [pair for pair in HEADS.values() if pair[1] not in RENDERED],
    ids=[case for case, pair in HEADS.items() if pair[1] not in RENDERED],
)
def test_a_format_that_is_not_rendered_is_refused_by_its_name(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        require_rendered_format(head)

    formats = "avif, bmp, gif, heic, jpeg, png, tiff, webp"
    assert caught.value.detail == f"Expected one of {formats}, got {WORDS[name]}."


@given(st.sampled_from([head for head, _ in HEADS.values()]), st.integers(0, 64))
def test_a_cut_header_is_its_format_or_nothing(head: bytes, kept: int) -> None:
    whole, cut = sniff(head), sniff(head[:kept])

    # A file cut between its major brand and the others may still pass for the major brand, and
    # a variety for the format that it is based on.
    assert cut in {whole, None} or head[4:8] == b"ftyp" or (cut, whole) in BASED_ON


@given(
    st.one_of(
        st.binary(max_size=100),
        st.builds(
            lambda head, rest: head[0] + rest, st.sampled_from([*HEADS.values()]), st.binary()
        ),
        st.builds(lambda rest: b"\0\0\0\x20ftyp" + rest, st.binary()),
    )
)
def test_any_bytes_pass_or_are_refused(data: bytes) -> None:
    name = sniff(data)

    if name in RENDERED:
        assert require_rendered_format(data) == name
        return
    with pytest.raises((NotAnImage, UnsupportedFormat)):
        require_rendered_format(data)


@given(st.binary(), st.binary())
def test_only_the_header_decides(head: bytes, rest: bytes) -> None:
    header = head.ljust(HEADER_BYTES, b"\0")[:HEADER_BYTES]

    assert sniff(header + rest) == sniff(header)


def test_bytes_after_the_ftyp_box_are_not_brands() -> None:
    box = ftyp(b"isom", b"mp41")

    assert sniff(box + struct.pack(">I", 100) + b"mdat" + b"avif" * 8) is None
