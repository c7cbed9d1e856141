import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.containers import GIF_HEADER_BYTES
from shared.imaging.intake.truncation import refuse_truncated
from shared.model.errors import Truncated
from tests.support import images

pytestmark = pytest.mark.unit

SCREEN = b"GIF89a\x02\0\x02\0"  # two by two pixels
NO_PALETTE, TWO_COLOURS = b"\0\0\0", b"\x80\0\0"
PALETTE = bytes(6)
FIRST_BLOCK = GIF_HEADER_BYTES + len(PALETTE)
CONTROL = b"\x21\xf9\x04\0\0\0\0\0"
PLAIN_DESCRIPTOR = b"\x2c\0\0\0\0\x02\0\x02\0\0"
DESCRIPTOR_WITH_PALETTE = b"\x2c\0\0\0\0\x02\0\x02\0\x80"
PIXELS = b"\x02\x02\x4c\x01\0"  # the LZW code size, one sub-block, its end
TRAILER = b"\x3b"

WHOLE: dict[str, bytes] = {
    "global palette": SCREEN + TWO_COLOURS + PALETTE + PLAIN_DESCRIPTOR + PIXELS + TRAILER,
    "local palette": SCREEN + NO_PALETTE + DESCRIPTOR_WITH_PALETTE + PALETTE + PIXELS + TRAILER,
    "extension": SCREEN + TWO_COLOURS + PALETTE + CONTROL + PLAIN_DESCRIPTOR + PIXELS + TRAILER,
    "no trailer": SCREEN + TWO_COLOURS + PALETTE + PLAIN_DESCRIPTOR + PIXELS,
    "no picture": SCREEN + NO_PALETTE + TRAILER,
    "by an encoder": images.animated_gif(frames=3),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_complete_gif_is_accepted(data: bytes) -> None:
    refuse_truncated("gif", data)


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_bytes_after_the_trailer_are_ignored(data: bytes) -> None:
    refuse_truncated("gif", data.rstrip(TRAILER) + TRAILER + b"\x2c junk")


def block_ends(data: bytes) -> set[int]:
    """Return the offsets between two blocks, where a GIF of one image may end."""
    return {FIRST_BLOCK, FIRST_BLOCK + len(CONTROL), len(data) - 1, len(data)}


@pytest.fixture
def _pixels_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the check behave as without Pillow, which counts the pixels of a cut frame later."""
    monkeypatch.setattr("shared.imaging.intake.truncation.can_count_pixels", lambda: False)


# A file cut before its first block is refused by libvips, which finds no frame.
@pytest.mark.parametrize(
    "kept", range(GIF_HEADER_BYTES + len(PALETTE), len(WHOLE["extension"]) + 1)
)
@pytest.mark.usefixtures("_pixels_are_not_counted")
def test_a_gif_cut_anywhere_but_between_blocks_is_refused(kept: int) -> None:
    data = WHOLE["extension"]

    if kept in block_ends(data):
        refuse_truncated("gif", data[:kept])
        return
    with pytest.raises(Truncated):
        refuse_truncated("gif", data[:kept])


# The last sub-blocks of the GIF end with a zero and the trailer.
@pytest.mark.parametrize("cut_bytes", range(3, 203, 7))
@pytest.mark.usefixtures("_pixels_are_not_counted")
def test_a_gif_of_an_encoder_is_refused_if_cut_inside_an_image(cut_bytes: int) -> None:
    with pytest.raises(Truncated):
        refuse_truncated("gif", WHOLE["by an encoder"][:-cut_bytes])


def test_a_gif_cut_inside_its_last_image_is_left_to_the_count_of_its_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.imaging.intake.truncation.can_count_pixels", lambda: True)

    refuse_truncated("gif", WHOLE["by an encoder"][:-3])
    with pytest.raises(Truncated):
        refuse_truncated("gif", WHOLE["extension"][: FIRST_BLOCK + 3])


@given(st.binary(max_size=300), st.sampled_from([b"", *WHOLE.values()]))
def test_any_bytes_pass_or_raise_truncated(rest: bytes, head: bytes) -> None:
    try:
        refuse_truncated("gif", head + rest)
    except Truncated as refused:
        assert "Expected a whole GIF" in refused.detail  # noqa: PT017 - either end is right


def test_bytes_that_are_not_a_block_end_the_gif() -> None:
    refuse_truncated("gif", WHOLE["no trailer"] + b"\x00\x00junk")
