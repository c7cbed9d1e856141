"""Delays and plays of an animation are the same in every codec, within what each can hold."""

import io

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shared.imaging.animation.timing import in_units, set_timing
from shared.imaging.encoding.encode import Encoder, encode
from shared.imaging.render import Encoded, render
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.support import images
from tests.support.hand.apng import RGB, Frame, apng

pytestmark = pytest.mark.imaging

SIZE = (16, 12)
FORMATS = ("GIF", "PNG", "WEBP")
CODECS = (Codec.GIF, Codec.WEBP)


def timing(data: bytes) -> tuple[list[int], int]:
    """Return how many milliseconds each frame is shown, and how often all are played."""
    picture, found = Image.open(io.BytesIO(data)), []
    for at in range(getattr(picture, "n_frames", 1)):
        picture.seek(at)
        picture.load()
        found.append(int(picture.info["duration"]))
    # Without a count, a GIF is played once. The count is of repetitions.
    repeats = picture.info.get("loop")
    if picture.format != "GIF":
        return found, repeats or 0
    return found, 1 if repeats is None else 0 if repeats == 0 else repeats + 1


def strip(delays: list[float], plays: int) -> pyvips.Image:
    frames = [pyvips.Image.black(*SIZE, bands=3) + 9 * at for at in range(len(delays))]
    image = pyvips.Image.arrayjoin(frames, across=1).cast("uchar").copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "page-height", SIZE[1])
    set_timing(image, delays, plays)
    return image


def encoded(codec: Codec, delays: list[float], plays: int = 0) -> bytes:
    efforts: dict[str, int] = {Codec.GIF: 1, Codec.WEBP: 0}
    image = strip(delays, plays)
    return encode(image, Encoder(codec), quality={}, effort=efforts)


CASES: dict[str, tuple[list[float], dict[Codec, list[int]]]] = {
    "whole hundredths": ([40, 70, 100], {Codec.GIF: [40, 70, 100], Codec.WEBP: [40, 70, 100]}),
    "at most 10 ms, which browsers show for 100 ms": (
        [0, 10, 4],
        {Codec.GIF: [100] * 3, Codec.WEBP: [100] * 3},
    ),
    "just over 10 ms, which browsers show as they are": (
        [11, 14, 12],
        {Codec.GIF: [20, 20, 20], Codec.WEBP: [11, 14, 12]},
    ),
    "thirty in a second": (
        [1000 / 30] * 6,
        {Codec.GIF: [30, 40, 30, 30, 40, 30], Codec.WEBP: [33, 34, 33, 33, 34, 33]},
    ),
    "longer than 16 bits of hundredths": (
        [700_000, 40],
        {Codec.GIF: [655_350, 40], Codec.WEBP: [700_000, 40]},
    ),
    "longer than 24 bits of milliseconds": (
        [65_535_000, 40],
        {Codec.GIF: [655_350, 40], Codec.WEBP: [16_777_215, 40]},
    ),
}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("delays", "wanted"), CASES.values(), ids=CASES.keys())
def test_a_codec_holds_the_delays_as_well_as_it_can(
    codec: Codec, delays: list[float], wanted: dict[Codec, list[int]]
) -> None:
    assert timing(encoded(codec, delays))[0] == wanted[codec]


def test_delays_that_add_up_to_more_than_libwebp_counts_are_shortened() -> None:
    found, _ = timing(encoded(Codec.WEBP, [16_000_000] * 200))

    assert len(found) == 200
    assert 10_000_000 < min(found) == max(found) < 16_000_000


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("plays", "wanted"), [(0, 0), (1, 1), (2, 2), (65_535, 65_535), (1 << 30, 65_535)]
)
def test_a_codec_holds_the_number_of_plays(codec: Codec, plays: int, wanted: int) -> None:
    assert timing(encoded(codec, [50, 60], plays))[1] == wanted


@given(st.lists(st.floats(0, 1000), min_size=1), st.sampled_from([1, 10]))
def test_rounding_never_adds_up_and_makes_no_frame_slow(delays: list[float], unit: int) -> None:
    found = in_units(delays, unit)

    assert all(each % unit == 0 and each > 10 for each in found)
    shown = [each if each > 10 else 100 for each in delays]
    if min(shown) >= 20:
        assert abs(sum(found) - sum(shown)) <= unit


def source(name: str, plays: int) -> bytes:
    """Return an animation of two photographs that is played so often; 0 is for ever."""
    pictures = [images.detail((64, 48), seed=seed) for seed in (1, 2)]
    if name == "PNG":
        frames = [Frame(each.tobytes(), 64, 48, delay=(3, 50)) for each in pictures]
        return apng((64, 48), frames, colour=RGB, plays=plays)
    loop = {"loop": plays - 1 if name == "GIF" and plays else plays}
    if name == "GIF" and plays == 1:
        loop = {}
    return images.saved(
        pictures[0], name, save_all=True, append_images=pictures[1:], duration=60, **loop
    )


LADDER = Recipe(
    "ladder",
    tuple(Variant(f"w{width}", (Slot.WEBP, Slot.FALLBACK), width=width) for width in (64, 32, 16)),
)


@pytest.mark.parametrize("plays", [0, 1, 2, 7])
@pytest.mark.parametrize("name", FORMATS)
def test_every_rung_has_the_delays_and_plays_of_its_source(name: str, plays: int) -> None:
    files = [
        each for each in render(source(name, plays), LADDER, Limits()) if isinstance(each, Encoded)
    ]

    assert len(files) == 6
    assert {file.codec for file in files} == set(CODECS)
    assert [timing(file.data) for file in files] == [([60, 60], plays)] * 6
