import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PIL import Image

from shared.imaging.render import Encoded, Finished, render
from shared.model.codec import Codec
from shared.model.errors import Cause, Failure
from shared.model.limits import Limits
from shared.model.recipe import Animation, Fit, Gravity, Recipe, Slot, Variant
from tests.support import images

pytestmark = pytest.mark.imaging

ALL_SLOTS = (Slot.AVIF, Slot.WEBP, Slot.FALLBACK)
W80 = Variant("w80", ALL_SLOTS, width=80)
PLAIN = Recipe("plain", (W80,))

Files = dict[tuple[str, Slot], Encoded]


def rendered(data: bytes, recipe: Recipe = PLAIN) -> Files:
    """Return every file by variant and slot."""
    results = list(render(data, recipe, Limits()))
    assert isinstance(results[-1], Finished)
    files = [each for each in results if isinstance(each, Encoded)]
    return {(name, each.slot): each for each in files for name in each.variants}


def opened(file: Encoded) -> Image.Image:
    """Return a file as a second library reads it."""
    picture = Image.open(io.BytesIO(file.data))
    picture.load()
    return picture


def near(found: object, wanted: tuple[int, ...], *, tolerance: int = 24) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


FORMATS: dict[str, Callable[[], bytes]] = {
    "baseline jpeg": images.jpeg,
    "progressive jpeg": lambda: images.jpeg(progressive=True),
    "cmyk jpeg": lambda: images.jpeg(mode="CMYK"),
    "grey jpeg": lambda: images.jpeg(mode="L"),
    "png": images.png,
    "png with 16 bits": images.deep_png,
    "png with a palette": images.palette_png,
    "png with alpha": images.alpha_png,
    "png, grey with alpha": images.grey_alpha_png,
    "webp": images.webp,
    "avif": images.avif,
    "animated gif": images.animated_gif,
    "animated webp": images.animated_webp,
}


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS.keys())
def test_every_format_gives_every_slot_in_srgb_without_metadata(
    make: Callable[[], bytes],
) -> None:
    files = rendered(make())

    assert set(files) == {("w80", slot) for slot in ALL_SLOTS}
    for file in files.values():
        picture = opened(file)
        assert picture.format is not None
        assert picture.format.lower() == file.codec
        assert picture.size == (file.width, file.height) == (80, 60)
        assert picture.mode in {"RGB", "RGBA", "P", "L", "LA"}
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile", "XML:com.adobe.xmp"} & set(picture.info)


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS.keys())
def test_no_slot_is_bigger_than_the_next(make: Callable[[], bytes]) -> None:
    files = rendered(make())

    sizes = [len(files["w80", slot].data) for slot in ALL_SLOTS]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("size", [(160, 120), (16, 12)], ids=["detailed", "tiny"])
def test_better_slots_stay_transparent_though_the_flattened_jpeg_is_smaller(
    size: images.Size,
) -> None:
    exact: dict[str, int] = {Codec.AVIF: 100, Codec.WEBP: 100, Codec.JPEG: 1}
    whole = Variant("full", ALL_SLOTS, quality=exact)

    files = rendered(images.alpha_png(size), Recipe("flat", (whole,), background=(255, 255, 255)))

    avif, webp, jpeg = (files["full", slot] for slot in ALL_SLOTS)
    assert jpeg.codec is Codec.JPEG
    assert len(jpeg.data) < len(webp.data)
    assert len(avif.data) <= len(webp.data)
    assert [opened(each).mode for each in (avif, webp, jpeg)] == ["RGBA", "RGBA", "RGB"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(orientation: int) -> None:
    files = rendered(images.oriented_jpeg(orientation))

    for file in files.values():
        picture = opened(file).convert("RGB")
        right, bottom = picture.width - 6, picture.height - 6
        assert picture.size == (80, 60)
        assert near(picture.getpixel((5, 5)), images.TOP_LEFT)
        assert near(picture.getpixel((right, 5)), images.TOP_RIGHT)
        assert near(picture.getpixel((5, bottom)), images.BOTTOM_LEFT)
        assert near(picture.getpixel((right, bottom)), images.BOTTOM_RIGHT)


def test_a_wide_gamut_colour_is_converted_to_srgb() -> None:
    # Display P3's red is beyond sRGB's, so (200, 60, 40) must come out with a higher red value.
    files = rendered(images.wide_gamut_jpeg((200, 60, 40)))

    red, green, blue = opened(files["w80", Slot.FALLBACK]).convert("RGB").getpixel((40, 30))  # type: ignore[misc] # RGB
    assert red > 205
    assert green < 55
    assert blue < 40


def test_nothing_is_enlarged_and_every_rung_is_stored() -> None:
    rungs = tuple(Variant(f"w{width}", ALL_SLOTS, width=width) for width in (80, 320, 640))

    files = rendered(images.jpeg((160, 120)), Recipe("ladder", rungs))

    assert files["w320", Slot.WEBP].width == 160
    assert files["w640", Slot.WEBP].data is files["w320", Slot.WEBP].data
    assert files["w80", Slot.WEBP].width == 80


def test_an_animation_is_animated_in_every_slot() -> None:
    files = rendered(images.animated_gif(frames=4))

    codecs = {slot: files["w80", slot].codec for slot in ALL_SLOTS}
    assert codecs[Slot.FALLBACK] is Codec.GIF
    assert {codecs[Slot.AVIF], codecs[Slot.WEBP]} <= {Codec.WEBP, Codec.GIF}
    for file in files.values():
        assert getattr(opened(file), "n_frames", 1) == 4


def test_the_timing_of_an_animation_survives() -> None:
    data = images.animated_gif(frames=3)

    files = rendered(data)

    def durations(raw: bytes) -> list[int]:
        picture, found = Image.open(io.BytesIO(raw)), []
        for at in range(getattr(picture, "n_frames", 1)):
            picture.seek(at)
            picture.load()
            found.append(int(picture.info["duration"]))
        return found

    assert durations(files["w80", Slot.FALLBACK].data) == durations(data)


def test_an_animation_is_cropped_frame_by_frame() -> None:
    square = Variant("sq", ALL_SLOTS, 40, 40, Fit.COVER, Gravity.ATTENTION)

    files = rendered(images.animated_webp(frames=3), Recipe("cut", (square,)))

    for file in files.values():
        picture = opened(file)
        assert picture.size == (40, 40)
        assert getattr(picture, "n_frames", 1) == 3


def test_the_first_frame_alone_is_a_still() -> None:
    files = rendered(images.animated_gif(), replace(PLAIN, animation=Animation.FIRST_FRAME))

    assert {file.codec for file in files.values()} <= {Codec.AVIF, Codec.WEBP, Codec.JPEG}


def test_transparency_is_kept_in_every_slot() -> None:
    files = rendered(images.alpha_png())

    for file in files.values():
        low, high = opened(file).convert("RGBA").getchannel("A").getextrema()
        assert (low, high) != (255, 255)
        assert file.codec is not Codec.JPEG


def test_a_background_flattens_the_fallback_only() -> None:
    files = rendered(images.alpha_png(), replace(PLAIN, background=(255, 0, 0)))

    assert files["w80", Slot.FALLBACK].codec is Codec.JPEG
    assert opened(files["w80", Slot.AVIF]).mode == "RGBA"


def test_an_opaque_alpha_gives_a_jpeg() -> None:
    files = rendered(images.opaque_alpha_png())

    assert files["w80", Slot.FALLBACK].codec is Codec.JPEG


@pytest.mark.parametrize(
    ("make", "has_alpha"), [(images.alpha_png, True), (images.opaque_alpha_png, False)]
)
def test_the_facts_report_alpha_only_if_it_is_not_opaque(
    make: Callable[[], bytes],
    has_alpha: bool,  # noqa: FBT001 - a parameter
) -> None:
    *_, finished = render(make(), PLAIN, Limits())

    assert isinstance(finished, Finished)
    assert finished.facts.has_alpha is has_alpha


@pytest.mark.parametrize("gravity", [Gravity.CENTRE, Gravity.ATTENTION, Gravity.ENTROPY])
def test_a_cover_fills_its_box_exactly(gravity: Gravity) -> None:
    square = Variant("sq", ALL_SLOTS, 50, 50, Fit.COVER, gravity)

    files = rendered(images.jpeg((160, 120)), Recipe("cut", (square,)))

    assert {opened(file).size for file in files.values()} == {(50, 50)}


def test_a_contained_image_is_centred_on_its_background() -> None:
    box = Variant("box", (Slot.FALLBACK,), 100, 100, Fit.CONTAIN)
    recipe = Recipe("pad", (box,), background=(10, 20, 200))

    files = rendered(images.jpeg((160, 80)), recipe)

    picture = opened(files["box", Slot.FALLBACK])
    assert picture.size == (100, 100)
    assert near(picture.getpixel((50, 3)), (10, 20, 200))
    assert not near(picture.getpixel((50, 50)), (10, 20, 200))


def test_the_placeholder_is_tiny_and_opens() -> None:
    *_, finished = render(images.jpeg(), PLAIN, Limits())

    assert isinstance(finished, Finished)
    assert finished.placeholder is not None
    assert len(finished.placeholder.data_uri) <= 400
    assert finished.placeholder.data_uri.startswith("data:image/webp;base64,")
    assert len(finished.placeholder.colour) == 7


def test_the_average_colour_of_a_plain_picture_is_its_colour() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 100, 50)).save(buffer, "PNG")

    *_, finished = render(buffer.getvalue(), PLAIN, Limits())

    assert isinstance(finished, Finished)
    assert finished.placeholder is not None
    assert finished.placeholder.colour == "#c86432"


def refused(data: bytes, limits: Limits = Limits()) -> Failure:  # noqa: B008 - immutable
    """Return why a source was refused."""
    results: Iterator[object] = render(data, PLAIN, limits)
    with pytest.raises(Failure) as caught:
        list(results)
    return caught.value


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_a_truncated_jpeg_is_never_half_grey(progressive: bool) -> None:  # noqa: FBT001 - a parameter
    failure = refused(images.truncated_jpeg(progressive=progressive))

    assert failure.cause is Cause.TRUNCATED


@pytest.mark.parametrize(
    "make",
    [images.png, images.webp, images.avif, images.animated_gif, images.jpeg],
    ids=["png", "webp", "avif", "gif", "jpeg"],
)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused_with_a_cause(make: Callable[[], bytes], part: float) -> None:
    data = make()

    failure = refused(data[: int(len(data) * part)])

    assert failure.cause in {Cause.TRUNCATED, Cause.CORRUPT}


REFUSED_FORMATS: dict[str, tuple[bytes, Cause]] = {
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', Cause.UNSUPPORTED_FORMAT),
    "svg with a prologue": (b'<?xml version="1.0"?><svg/>', Cause.UNSUPPORTED_FORMAT),
    "pdf": (b"%PDF-1.7\n", Cause.UNSUPPORTED_FORMAT),
    "jpeg xl": (b"\xff\x0a" + bytes(60), Cause.UNSUPPORTED_FORMAT),
    "html": (b"<!doctype html><p>hello", Cause.NOT_AN_IMAGE),
    "text": (b"hello world", Cause.NOT_AN_IMAGE),
    "nothing": (b"", Cause.NOT_AN_IMAGE),
}


@pytest.mark.parametrize(("data", "cause"), REFUSED_FORMATS.values(), ids=REFUSED_FORMATS.keys())
def test_other_formats_are_refused_by_their_bytes(data: bytes, cause: Cause) -> None:
    assert refused(data).cause is cause


LIMITS: dict[str, tuple[Callable[[], bytes], Limits, Cause]] = {
    "pixels": (images.jpeg, Limits(max_pixels=19_199), Cause.TOO_MANY_PIXELS),
    "pixels of one frame": (
        images.animated_gif,
        Limits(max_pixels=19_199),
        Cause.TOO_MANY_PIXELS,
    ),
    "memory": (images.avif, Limits(memory_bytes=1 << 20), Cause.TOO_COSTLY),
}


@pytest.mark.parametrize(("make", "limits", "cause"), LIMITS.values(), ids=LIMITS.keys())
def test_an_image_over_a_limit_is_refused(
    make: Callable[[], bytes], limits: Limits, cause: Cause
) -> None:
    failure = refused(make(), limits)

    assert failure.cause is cause
    assert failure.stage == "admit"


def test_an_image_at_its_limits_is_rendered() -> None:
    limits = Limits(max_pixels=19_200 * 4, max_frames=4)

    results = list(render(images.animated_gif(), PLAIN, limits))

    assert isinstance(results[-1], Finished)
