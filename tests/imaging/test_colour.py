"""Colours come out in sRGB, whichever way a source declares them."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import partial

import pytest
import pyvips
from PIL import Image, ImageCms

from tests.imaging.rendering import colour, near
from tests.support import images_by_hand as by_hand
from tests.support import images_heic, images_of_ink, profiles
from tests.support.hand import heif
from tests.support.images import plain, saved

pytestmark = pytest.mark.imaging

COLOUR = (200, 120, 90)
TRANSPARENT = (*COLOUR, 128)
CMYK = (20, 160, 180, 10)

# From linear light to linear light of sRGB: https://www.w3.org/TR/css-color-4/#color-conversion-code
P3_TO_SRGB = (
    (1.2249402, -0.2249402, 0.0),
    (-0.0420570, 1.0420570, 0.0),
    (-0.0196376, -0.0786360, 1.0982736),
)
BT2020_TO_SRGB = (
    (1.6604910, -0.5876411, -0.0728499),
    (-0.1245505, 1.1328999, -0.0083494),
    (-0.0181508, -0.1005789, 1.1187297),
)
SAME = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def light(sample: float) -> float:
    """Return the linear light of a sample of sRGB."""
    return sample / 12.92 if sample <= 0.04045 else ((sample + 0.055) / 1.055) ** 2.4


def sample(linear: float) -> int:
    """Return the byte of sRGB for a linear light."""
    linear = min(1.0, max(0.0, linear))
    value = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * value)


def by_matrix(
    bands: Sequence[int],
    matrix: Sequence[Sequence[float]],
    curve: Callable[[float], float] = light,
) -> tuple[int, ...]:
    """Return a colour in sRGB, computed with the published matrices."""
    linear = [curve(band / 255) for band in bands]
    return tuple(sample(sum(a * b for a, b in zip(row, linear, strict=True))) for row in matrix)


def by_cms(picture: Image.Image, profile: bytes) -> tuple[int, ...]:
    """Return an image's colour in sRGB, converted by another library."""
    converted = ImageCms.profileToProfile(
        picture,
        io.BytesIO(profile),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert converted is not None
    pixel = converted.getpixel((1, 1))
    assert isinstance(pixel, tuple)
    return pixel


def heic(picture: Image.Image, icc_profile: bytes) -> bytes:
    picture = picture.copy()
    picture.info["icc_profile"] = icc_profile
    return images_heic.heic(picture)


def bmp(picture: Image.Image, icc_profile: bytes) -> bytes:
    bands = picture.convert("RGBA").resize((4, 2)).tobytes("raw", "BGRA")
    return by_hand.bmp_with_profile(bands, icc_profile)


Maker = Callable[[Image.Image, bytes], bytes]


def with_pillow(format_name: str) -> Maker:
    return lambda picture, profile: saved(picture, format_name, icc_profile=profile)


FORMATS: dict[str, Maker] = {
    **{name.lower(): with_pillow(name) for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")},
    "heic": heic,
    "bmp": bmp,
}
CLEAR_FORMATS = {name: make for name, make in FORMATS.items() if name != "jpeg"}
WIDE = {
    "display p3": profiles.display_p3(),
    "adobe rgb": profiles.adobe_rgb(),
    "prophoto": profiles.prophoto(),
    "display p3 of version 4": bytes(pyvips.Image.profile_load("p3")),
    "a table to lab": profiles.table_to_lab(),
}


@pytest.mark.parametrize("profile", WIDE.values(), ids=WIDE.keys())
@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS.keys())
def test_an_embedded_profile_is_converted(make: Maker, profile: bytes) -> None:
    wanted = by_cms(plain(COLOUR), profile)

    assert near(colour(make(plain(COLOUR), profile)), wanted, 3)
    assert not near(wanted, COLOUR, 5)


@pytest.mark.parametrize("make", CLEAR_FORMATS.values(), ids=CLEAR_FORMATS.keys())
def test_colours_under_alpha_are_converted_and_the_alpha_is_not(make: Maker) -> None:
    wanted = by_cms(plain(COLOUR), profiles.display_p3())

    found = colour(make(plain(TRANSPARENT, "RGBA"), profiles.display_p3()))

    assert near(found, (*wanted, 128), 3)


def test_an_animation_is_converted() -> None:
    wanted = by_cms(plain(COLOUR), profiles.display_p3())
    second = plain((0, 0, 99))
    data = saved(
        plain(COLOUR),
        "WEBP",
        save_all=True,
        append_images=[second],
        icc_profile=profiles.display_p3(),
    )

    assert near(colour(data), wanted, 8)  # a GIF's palette


def test_sixteen_bits_are_converted_before_they_become_eight() -> None:
    row = struct.pack(">3H", *(257 * band for band in COLOUR)) * by_hand.SIDE
    data = by_hand.png(by_hand.RGB, 16, row)
    deep = pyvips.Image.new_from_buffer(data, "").copy()
    deep.set_type(pyvips.GValue.blob_type, "icc-profile-data", profiles.prophoto())

    assert near(colour(bytes(deep.pngsave_buffer())), by_cms(plain(COLOUR), profiles.prophoto()))


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF"])
def test_grey_of_another_gamma_is_converted(format_name: str) -> None:
    data = saved(plain(100, "L"), format_name, icc_profile=profiles.grey(1.8))

    grey = sample((100 / 255) ** 1.8)
    assert near(colour(data), (grey, grey, grey))


@pytest.mark.parametrize("has_alpha", [False, True], ids=["opaque", "alpha"])
@pytest.mark.parametrize(
    "coder", [heif.avif_plane, partial(heif.avif_plane, bits=10), heif.heic, heif.deep_heic]
)
def test_grey_of_another_gamma_is_converted_in_avif_and_heic(
    coder: Callable[[Image.Image], heif.Coded],
    has_alpha: bool,  # noqa: FBT001 - a parameter
) -> None:
    said = [heif.profile(profiles.grey(1.8))]
    alpha = coder(plain(128, "L", (64, 64))) if has_alpha else None

    found = colour(heif.file(coder(plain(100, "L", (64, 64))), alpha, colours=said))

    assert near(found[:3], (sample((100 / 255) ** 1.8),) * 3, 3)
    assert near(found[3:], (128,) if has_alpha else ())


INKS = {
    "mixed": CMYK,
    "cyan": (255, 0, 0, 0),
    "blue": (255, 255, 0, 0),
    "black": (0, 0, 0, 255),
    "deep": (200, 180, 170, 220),
    "paper": (0, 0, 0, 0),
}


INKED: dict[str, Callable[[tuple[int, ...]], bytes]] = {
    "jpeg": images_of_ink.by_adobe,
    "jpeg without adobe": images_of_ink.without_adobe,
    "jpeg in ycck": images_of_ink.ycck,
    "tiff": lambda ink: saved(plain(ink, "CMYK"), "TIFF"),
    "jpeg with a profile of rgb": lambda ink: saved(
        plain(ink, "CMYK"), "JPEG", icc_profile=profiles.prophoto()
    ),
}


@pytest.mark.parametrize("ink", INKS.values(), ids=INKS.keys())
@pytest.mark.parametrize("make", INKED.values(), ids=INKED.keys())
def test_ink_without_its_profile_is_as_vivid_as_in_browsers(
    make: Callable[[tuple[int, ...]], bytes], ink: tuple[int, ...]
) -> None:
    cyan, magenta, yellow, black = ink
    wanted = tuple((255 - each) * (255 - black) // 255 for each in (cyan, magenta, yellow))

    data = make(ink)

    second = Image.open(io.BytesIO(data)).convert("RGB").getpixel((1, 1))
    assert isinstance(second, tuple)
    assert near(second, wanted, 3)
    assert near(colour(data), wanted, 3)


def test_ink_of_sixteen_bits_is_as_vivid() -> None:
    ink = pyvips.Image.new_from_buffer(saved(plain(CMYK, "CMYK"), "TIFF"), "")
    deep = (ink.cast("ushort") * 257).cast("ushort").copy(interpretation="cmyk")
    data = bytes(deep.tiffsave_buffer())

    assert near(colour(data), (226, 91, 72), 3)


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_ink_is_converted_by_its_profile(format_name: str) -> None:
    usual = bytes(pyvips.Image.profile_load("cmyk"))

    found = colour(saved(plain(CMYK, "CMYK"), format_name, icc_profile=usual))

    assert near(found, by_cms(plain(CMYK, "CMYK"), usual), 3)


def test_ink_in_ycck_is_converted_by_its_profile() -> None:
    usual = bytes(pyvips.Image.profile_load("cmyk"))

    assert near(
        colour(images_of_ink.ycck(CMYK, icc_profile=usual)), by_cms(plain(CMYK, "CMYK"), usual), 3
    )


@pytest.mark.parametrize(
    ("format_name", "bands"),
    [("JPEG", "L"), ("PNG", "L"), ("PNG", "LA"), ("TIFF", "L"), ("TIFF", "LA")],
)
def test_grey_with_a_profile_of_rgb_is_converted_as_in_browsers(
    format_name: str, bands: str
) -> None:
    picture = plain(100, "L")
    if bands == "LA":
        picture.putalpha(128)
    data = saved(picture, format_name, icc_profile=profiles.prophoto())

    wanted = by_cms(plain((100,) * 3), profiles.prophoto())
    assert near(colour(data)[:3], wanted, 3)


UNFIT: dict[str, Callable[[], bytes]] = {
    "no profile at all": lambda: b"garbage" * 30,
    "cut": lambda: profiles.display_p3()[:200],
    "for grey": lambda: profiles.grey(1.8),
    "for ink": lambda: bytes(pyvips.Image.profile_load("cmyk")),
}


@pytest.mark.parametrize("profile", UNFIT.values(), ids=UNFIT.keys())
@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS.keys())
def test_a_profile_that_does_not_fit_the_image_is_ignored(
    make: Maker, profile: Callable[[], bytes]
) -> None:
    assert near(colour(make(plain(COLOUR), profile())), COLOUR, 3)


BY_NUMBERS: dict[str, Callable[[], bytes]] = {
    "avif": lambda: saved(plain(COLOUR), "AVIF"),
    "heic": lambda: images_heic.heic(plain(COLOUR)),
}
NUMBERS = {
    "display p3": (12, 13, by_matrix(COLOUR, P3_TO_SRGB)),
    "bt.2020": (9, 1, by_matrix(COLOUR, BT2020_TO_SRGB)),
    "linear": (1, 8, by_matrix(COLOUR, SAME, lambda value: value)),
    "gamma 2.2": (1, 4, by_matrix(COLOUR, SAME, lambda value: value**2.2)),
    "video": (1, 1, COLOUR),
    "not specified": (2, 2, COLOUR),
}


@pytest.mark.parametrize(("primaries", "transfer", "wanted"), NUMBERS.values(), ids=NUMBERS.keys())
@pytest.mark.parametrize("make", BY_NUMBERS.values(), ids=BY_NUMBERS.keys())
def test_colours_declared_by_numbers_are_converted(
    make: Callable[[], bytes], primaries: int, transfer: int, wanted: tuple[int, ...]
) -> None:
    data = images_heic.with_numbers(make(), primaries, transfer)

    assert near(colour(data), wanted, 3)


UNKNOWN = {
    "transfer": (12, 99, by_matrix(COLOUR, P3_TO_SRGB)),
    "primaries": (99, 13, COLOUR),
    "both": (200, 300, COLOUR),
}


@pytest.mark.parametrize(("primaries", "transfer", "wanted"), UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("make", BY_NUMBERS.values(), ids=BY_NUMBERS.keys())
def test_unknown_numbers_are_those_of_srgb_as_in_browsers(
    make: Callable[[], bytes], primaries: int, transfer: int, wanted: tuple[int, ...]
) -> None:
    data = images_heic.with_numbers(make(), primaries, transfer)

    assert near(colour(data), wanted, 3)


@pytest.mark.parametrize("coder", [heif.avif, heif.heic])
def test_a_matrix_that_is_unknown_is_the_usual_one(coder: Callable[..., heif.Coded]) -> None:
    said = heif.numbers(1, 13, 99, is_full=True)

    assert near(colour(heif.file(coder(plain(COLOUR, size=(64, 64))), colours=[said])), COLOUR, 3)


@pytest.mark.parametrize(("primaries", "transfer", "wanted"), NUMBERS.values(), ids=NUMBERS.keys())
def test_colours_declared_by_numbers_in_a_png_are_converted(
    primaries: int, transfer: int, wanted: tuple[int, ...]
) -> None:
    data = by_hand.plain_png(COLOUR, (b"cICP", bytes((primaries, transfer, 0, 1))))

    assert near(colour(data), wanted, 3)


# Grey of 203 nits is the reference white, and 100 nits are unchanged: ITU-R BT.2408, annex 1.
HDR = {"pq": (16, (148, 130)), "hlg": (18, (191, 143))}


@pytest.mark.parametrize(("transfer", "greys"), HDR.values(), ids=HDR.keys())
def test_an_hdr_image_is_tone_mapped(transfer: int, greys: tuple[int, int]) -> None:
    def shown(grey: int) -> int:
        data = by_hand.plain_png((grey,) * 3, (b"cICP", bytes((9, transfer, 0, 1))))
        red, green, blue = colour(data)
        assert max(red, green, blue) - min(red, green, blue) <= 2
        return red

    paper, half = (shown(grey) for grey in greys)
    assert shown(0) == 0
    assert 150 < half < 195
    assert half + 15 < paper < 245
    assert shown(255) == 255


CHUNKS: dict[str, tuple[list[tuple[bytes, bytes]], Callable[[float], float]]] = {
    "gamma 1": ([(b"gAMA", struct.pack(">I", 100_000))], lambda value: value),
    "gamma 1.8": ([(b"gAMA", struct.pack(">I", 55_556))], lambda value: value**1.8),
    "the usual gamma": ([(b"gAMA", struct.pack(">I", 45_455))], light),
    "srgb before gamma": ([(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))], light),
    "no gamma": ([(b"gAMA", bytes(4))], light),
    "half a gamma": ([(b"gAMA", b"\0")], light),
    "primaries in one point": ([(b"cHRM", struct.pack(">8I", *[30_000] * 8))], light),
}


@pytest.mark.parametrize(("chunks", "curve"), CHUNKS.values(), ids=CHUNKS.keys())
@pytest.mark.parametrize("bands", [(100,), (100, 128), COLOUR, TRANSPARENT], ids=len)
def test_the_gamma_of_a_png_is_converted(
    bands: tuple[int, ...],
    chunks: list[tuple[bytes, bytes]],
    curve: Callable[[float], float],
) -> None:
    found = colour(by_hand.plain_png(bands, *chunks))

    seen = bands[:3] if len(bands) > 2 else bands[:1] * 3
    assert near(found[:3], by_matrix(seen, SAME, curve), 3)
    assert found[3:] == ((128,) if len(bands) in {2, 4} else ())


P3_POINTS = (31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)
P3_CHUNK = (b"cHRM", struct.pack(">8I", *P3_POINTS))
USUAL_GAMMA = (b"gAMA", struct.pack(">I", 45_455))


def test_the_primaries_of_a_png_are_converted() -> None:
    data = by_hand.plain_png(COLOUR, USUAL_GAMMA, P3_CHUNK)

    assert near(colour(data), by_matrix(COLOUR, P3_TO_SRGB), 3)


def test_primaries_without_a_gamma_are_ignored_as_in_browsers() -> None:
    assert near(colour(by_hand.plain_png(COLOUR, P3_CHUNK)), COLOUR)


def embedded(profile: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"a profile\0\0" + zlib.compress(profile)


ADOBE = embedded(profiles.adobe_rgb())
SRGB_CHUNK = (b"sRGB", b"\0")
P3_NUMBERS, SRGB_NUMBERS = (b"cICP", bytes((12, 13, 0, 1))), (b"cICP", bytes((1, 13, 0, 1)))
LINEAR = (b"gAMA", struct.pack(">I", 100_000))
BY_ADOBE = by_cms(plain(COLOUR), profiles.adobe_rgb())
IN_P3 = by_matrix(COLOUR, P3_TO_SRGB)
IN_LINEAR = by_matrix(COLOUR, SAME, lambda value: value)
# The order of PNG, third edition, section 4.3, and what Chromium 156 shows.
PRECEDENCE: dict[str, tuple[list[tuple[bytes, bytes]], tuple[int, ...]]] = {
    "numbers before a profile": ([P3_NUMBERS, ADOBE], IN_P3),
    "numbers after a profile": ([ADOBE, P3_NUMBERS], IN_P3),
    "numbers of srgb": ([SRGB_NUMBERS, ADOBE], COLOUR),
    "numbers before all": ([LINEAR, P3_CHUNK, SRGB_CHUNK, P3_NUMBERS], IN_P3),
    "a profile before srgb": ([SRGB_CHUNK, ADOBE], BY_ADOBE),
    "a profile before gamma": ([LINEAR, ADOBE], BY_ADOBE),
    "srgb before gamma": ([LINEAR, P3_CHUNK, SRGB_CHUNK], COLOUR),
    "not specified": ([(b"cICP", bytes((2, 2, 0, 1))), ADOBE], BY_ADOBE),
    "an unknown transfer": ([(b"cICP", bytes((12, 99, 0, 1))), ADOBE], BY_ADOBE),
    "an unknown primary": ([(b"cICP", bytes((99, 13, 0, 1))), ADOBE], BY_ADOBE),
    "numbers of limited range": ([(b"cICP", bytes((12, 13, 0, 0))), ADOBE], BY_ADOBE),
    "numbers with a matrix": ([(b"cICP", bytes((12, 13, 1, 1))), LINEAR], IN_LINEAR),
    "too few numbers": ([(b"cICP", bytes((12, 13, 0))), ADOBE], BY_ADOBE),
    "a broken profile": ([embedded(b"garbage" * 30), LINEAR], IN_LINEAR),
    "a gamma within the tolerance": ([(b"gAMA", struct.pack(">I", 47_000))], COLOUR),
}


@pytest.mark.parametrize(("chunks", "wanted"), PRECEDENCE.values(), ids=PRECEDENCE.keys())
@pytest.mark.parametrize("bits", [8, 16])
def test_a_png_is_converted_by_its_first_valid_description(
    bits: int, chunks: list[tuple[bytes, bytes]], wanted: tuple[int, ...]
) -> None:
    sample = bytes(COLOUR) if bits == 8 else struct.pack(">3H", *(257 * each for each in COLOUR))
    data = by_hand.png(by_hand.RGB, bits, sample * by_hand.SIDE, before=chunks)

    assert near(colour(data), wanted, 3)


@pytest.mark.parametrize("transfer", [16, 18], ids=["pq", "hlg"])
def test_an_hdr_png_of_16_bits_is_tone_mapped_whatever_its_profile_says(transfer: int) -> None:
    row = struct.pack(">3H", *[257 * 130] * 3) * by_hand.SIDE
    numbers = (b"cICP", bytes((9, transfer, 0, 1)))
    bare, profiled = (
        by_hand.png(by_hand.RGB, 16, row, before=chunks)
        for chunks in ([numbers], [numbers, ADOBE])
    )

    assert colour(profiled) == colour(bare)
    assert not near(colour(bare), (130,) * 3, 9)
