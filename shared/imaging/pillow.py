"""Reads HEIC and BMP, which our libvips has no decoder for, by Pillow and pillow-heif.

Both are imported only when such a file comes, and only in the render child.
"""

import importlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from types import ModuleType
from typing import Any

import pyvips

from shared.imaging.colour import cicp, icc
from shared.imaging.formats import boxes
from shared.imaging.vips import FAILURES, translated
from shared.model.errors import TooCostly, UnsupportedFormat

READ_BY_PILLOW = frozenset({"bmp", "heic"})
EXTRA = "pixfleet[heic]"
# What Pillow and pillow-heif raise over files; MemoryError goes its own way.
COMPLAINTS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    struct.error,
    SyntaxError,
    TypeError,
    ValueError,
)
BANDS = {"1": 1, "L": 1, "I": 1, "LA": 2, "La": 2, "P": 3, "RGB": 3, "RGBA": 4, "RGBa": 4}
RGB_BANDS, ALPHA = 3, 3
# BITMAPV5HEADER: https://learn.microsoft.com/windows/win32/api/wingdi/ns-wingdi-bitmapv5header
BMP_HEADER, V5_BYTES, EMBEDDED = 14, 124, b"DEBM"
COLOUR_SPACE, PROFILE_PLACE = 56, 112
# Pillow unpacks runs in Python: 32 KB of them took 16 s. Nobody has written such files for long.
RUNS, MAX_RUN_PIXELS = frozenset({1, 2}), 4_000_000


@dataclass(frozen=True, slots=True)
class Outline:
    """What a header says, before any pixel is decoded; upright, as libheif turns pictures."""

    width: int
    height: int
    bands: int
    bits: int

    @property
    def has_alpha(self) -> bool:
        """Say whether the last band is the alpha."""
        return self.bands in {2, 4}


def outline(name: str, data: bytes) -> Outline:
    """Return what a HEIC's or a BMP's header says; a permanent failure if it cannot be read."""
    with _translating("probe"):
        opened = _heif(data) if name == "heic" else _bmp(data)
        bands, bits = _layout(opened.mode)
        width, height = opened.size
        return Outline(width, height, bands, bits)


def picture(name: str, data: bytes) -> pyvips.Image:
    """Return a HEIC's primary picture or a BMP, decoded, with the profile that it tells of."""
    with _translating("render"):
        return _heif_picture(_heif(data)) if name == "heic" else _bmp_picture(_bmp(data), data)


def metadata(name: str, data: bytes) -> tuple[bytes, bytes]:
    """Return a HEIC's EXIF and its XMP, each empty if there is none; a BMP has neither."""
    if name != "heic":
        return b"", b""
    with _translating("render"):
        info = _heif(data).info
        return bytes(info.get("exif") or b""), bytes(info.get("xmp") or b"")


@contextmanager
def _translating(stage: str) -> Iterator[None]:
    try:
        yield
    except FAILURES:
        raise  # by our caller, who knows where libvips keeps its messages
    except COMPLAINTS as error:
        raise translated(error, stage) from error


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnsupportedFormat(
            f"Expected a reader for HEIC and BMP, got none: install {EXTRA}.", stage="probe"
        ) from error


def _layout(mode: str) -> tuple[int, int]:
    """Return the bands and the bits of one of Pillow's modes."""
    name, _, depth = mode.partition(";")
    return BANDS[name], 16 if depth else 8


def _heif(data: bytes) -> Any:  # noqa: ANN401 - the library is not there to all who check types
    library = _imported("pillow_heif")
    if not boxes.holds_picture(data):
        raise UnsupportedFormat(
            "Expected a HEIC with a picture, got a sequence alone.", stage="probe"
        )
    library.options.DECODE_THREADS = 1  # one image a core, as everywhere
    library.options.THUMBNAILS = False
    library.options.DEPTH_IMAGES = False
    library.options.AUX_IMAGES = False
    opened = library.open_heif(data, convert_hdr_to_8bit=False)
    return opened[opened.primary_index]


def _heif_picture(opened: Any) -> pyvips.Image:  # noqa: ANN401 - as above
    # Upright already: libheif turns by the container, and its EXIF is not to be asked again.
    # https://github.com/strukturag/libheif/issues/227
    bands, bits = _layout(opened.mode)
    image = _from_memory(opened.data, opened.size, bands, bits)
    if opened.premultiplied_alpha:
        image = (
            image.unpremultiply()
            .rint()
            .cast(image.format)
            .copy(interpretation=image.interpretation)
        )
    profile = opened.info.get("icc_profile") or _by_numbers(opened.info, grey=bands < RGB_BANDS)
    return _with_profile(image, profile)


def _by_numbers(info: dict[str, Any], *, grey: bool) -> bytes | None:
    numbers = info.get("nclx_profile")
    if not numbers:
        return None
    return cicp.profile(numbers["color_primaries"], numbers["transfer_characteristics"], grey=grey)


def _bmp(data: bytes) -> Any:  # noqa: ANN401 - as above
    # Named, so that no other plugin ever sees the bytes; pixels are counted by our own limits.
    opened = _imported("PIL.BmpImagePlugin").BmpImageFile(BytesIO(data))
    width, height = opened.size
    if min(width, height) < 1:
        raise ValueError("The BMP has no pixels.")
    if opened.info["compression"] in RUNS and width * height > MAX_RUN_PIXELS:
        raise TooCostly(
            f"Expected at most {MAX_RUN_PIXELS} pixels in a BMP of runs, got {width}x{height}.",
            stage="admit",
        )
    return opened


def _bmp_picture(opened: Any, data: bytes) -> pyvips.Image:  # noqa: ANN401 - as above
    bands, bits = _layout(opened.mode)
    wanted = {1: "L", 3: "RGB", 4: "RGBA"}[bands]
    opened.load()
    flat = opened if opened.mode == wanted else opened.convert(wanted)
    image = _from_memory(flat.tobytes(), flat.size, bands, bits)
    if bands > RGB_BANDS and image[ALPHA].max() == 0:
        image = image.extract_band(0, n=RGB_BANDS)  # left empty: browsers show such files
    return _with_profile(image, _bmp_profile(data))


def _bmp_profile(data: bytes) -> bytes | None:
    header = data[BMP_HEADER : BMP_HEADER + V5_BYTES]
    is_said = header[COLOUR_SPACE : COLOUR_SPACE + 4] == EMBEDDED
    if len(header) < V5_BYTES or header[0] != V5_BYTES or not is_said:
        return None
    place, size = struct.unpack_from("<II", header, PROFILE_PLACE)
    return data[BMP_HEADER + place : BMP_HEADER + place + size] or None


def _from_memory(
    pixels: bytes | memoryview, size: tuple[int, int], bands: int, bits: int
) -> pyvips.Image:
    kind, colours = ("uchar", ("b-w", "srgb")) if bits == 8 else ("ushort", ("grey16", "rgb16"))  # noqa: PLR2004 - bits
    image = pyvips.Image.new_from_memory(pixels, *size, bands, kind)
    return image.copy(interpretation=colours[bands >= RGB_BANDS])


def _with_profile(image: pyvips.Image, profile: bytes | None) -> pyvips.Image:
    if profile:
        image = image.copy()
        image.set_type(pyvips.GValue.blob_type, icc.FIELD, bytes(profile))
    return image
