import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.gif import with_transparent_colour
from tests.support import images
from tests.support import images_by_hand as by_hand

pytestmark = pytest.mark.unit

FULL, MIDDLE = (0, 0, 16, 16), (4, 4, 8, 8)
RED, BLUE = (200, 60, 40), (0, 0, 255)
OPEN = by_hand.gif((MIDDLE, 0, RED), (FULL, 2, BLUE))


@pytest.mark.parametrize(
    "data",
    [by_hand.gif((FULL, 1, RED), (MIDDLE, 3, BLUE)), images.animated_gif((64, 48), frames=2)],
    ids=["closed", "of 256 colours"],
)
def test_a_gif_without_transparency_or_without_an_unused_colour_is_unchanged(data: bytes) -> None:
    assert with_transparent_colour(data) == data


def test_each_frame_with_transparency_declares_an_unused_colour_transparent() -> None:
    named = with_transparent_colour(OPEN)

    assert [at for at, (old, new) in enumerate(zip(OPEN, named, strict=True)) if old != new] == [
        OPEN.find(b"\x21\xf9") + 3,
        OPEN.find(b"\x21\xf9") + 6,
        OPEN.rfind(b"\x21\xf9") + 3,
        OPEN.rfind(b"\x21\xf9") + 6,
    ]
    assert with_transparent_colour(named) == named


@given(st.integers(0, len(OPEN)), st.binary(max_size=20))
def test_no_bytes_raise_anything(kept: int, rest: bytes) -> None:
    assert with_transparent_colour(OPEN[:kept] + rest)[:6] == (OPEN[:kept] + rest)[:6]
