"""Reads HEIC with pillow-heif and BMP with Pillow: the bundled libvips has no decoder for them.

HEIC images come out upright, because libheif applies the orientation of the container. Both
libraries are imported only in the render child, before it locks itself in.
"""

import importlib
import struct
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from types import ModuleType
from typing import Any

import pyvips

from shared.imaging.colour import cicp, icc
from shared.imaging.formats import bmp_runs
from shared.model.errors import UnsupportedFormat

READ_BY_PILLOW = frozenset({"bmp", "heic"})
EXTRA = "pixfleet[heic]"
HEIF_READER, BMP_READER, GIF_READER = "pillow_heif", "PIL.BmpImagePlugin", "PIL.GifImagePlugin"
# What Pillow and pillow-heif raise for broken files, with a message that tells the reason.
DECODER_ERRORS = (EOFError, OSError, RuntimeError, SyntaxError, ValueError)
# All that they raise for broken files but `MemoryError`.
PILLOW_ERRORS = (
    *DECODER_ERRORS,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    struct.error,
    TypeError,
)
BANDS = {"1": 1, "L": 1, "I": 1, "LA": 2, "La": 2, "P": 3, "RGB": 3, "RGBA": 4, "RGBa": 4}
RGB_BANDS, ALPHA = 3, 3
# BITMAPV5HEADER: https://learn.microsoft.com/windows/win32/api/wingdi/ns-wingdi-bitmapv5header
BMP_HEADER, V5_BYTES, EMBEDDED = 14, 124, b"DEBM"
COLOUR_SPACE, PROFILE_OFFSET = 56, 112


@dataclass(frozen=True, slots=True)
class Layout:
    """An image's upright size in pixels, its bands, and its bits per band (8 or 16)."""

    width: int
    height: int
    bands: int
    bits: int

    @property
    def has_alpha(self) -> bool:
        """Return whether the last band is alpha."""
        return self.bands in {2, 4}


def import_readers() -> None:
    """Import both libraries, if they are installed; Pillow's reader of GIF is for `damage.gif`."""
    for name in (HEIF_READER, BMP_READER, GIF_READER):
        with suppress(ImportError):
            importlib.import_module(name)


def read_layout(name: str, data: bytes) -> Layout:
    """Return the layout that the header of a `heic` or `bmp` declares, without decoding pixels.

    Raises what the decoder raises, mostly one of `DECODER_ERRORS`, if the header cannot be read.
    """
    opened = _heif(data) if name == "heic" else _bmp(data)
    bands, bits = _bands_and_bits(opened.mode)
    width, height = opened.size
    return Layout(width, height, bands, bits)


def decode(name: str, data: bytes) -> pyvips.Image:
    """Return the pixels of a BMP or of a HEIC's primary image, upright, with their profile."""
    return _heif_picture(_heif(data)) if name == "heic" else _bmp_picture(_bmp(data), data)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnsupportedFormat(
            f"Expected a reader for HEIC and BMP, got none: install {EXTRA}.", stage="probe"
        ) from error


def _bands_and_bits(mode: str) -> tuple[int, int]:
    """Return the bands of a Pillow mode, and the bits of each."""
    name, _, depth = mode.partition(";")
    return BANDS[name], 16 if depth else 8


def _heif(data: bytes) -> Any:  # noqa: ANN401 - an optional dependency, absent in some checks
    library = _imported(HEIF_READER)
    library.options.DECODE_THREADS = 1  # one image per core, like VIPS_CONCURRENCY
    library.options.THUMBNAILS = False
    library.options.DEPTH_IMAGES = False
    library.options.AUX_IMAGES = False
    opened = library.open_heif(data, convert_hdr_to_8bit=False)
    if not len(opened):
        raise ValueError("Expected an image that can be read, got none")
    return opened[opened.primary_index]


def _heif_picture(opened: Any) -> pyvips.Image:  # noqa: ANN401 - as above
    # Upright already: libheif applies the container's rotation and mirroring. The EXIF orientation
    # must be ignored: https://github.com/strukturag/libheif/issues/227
    bands, bits = _bands_and_bits(opened.mode)
    image = _from_memory(opened.data, opened.size, bands, bits)
    profile = opened.info.get("icc_profile") or _cicp_profile(opened.info, grey=bands < RGB_BANDS)
    return _with_profile(image, profile)


def _cicp_profile(info: dict[str, Any], *, grey: bool) -> bytes | None:
    nclx = info.get("nclx_profile")
    if not nclx:
        return None
    return cicp.profile(nclx["color_primaries"], nclx["transfer_characteristics"], grey=grey)


def _bmp(data: bytes) -> Any:  # noqa: ANN401 - as above
    # Not by PIL.Image.open, which would try other plugins on the bytes and warn of many pixels:
    # `check_cost` limits them.
    opened = _imported(BMP_READER).BmpImageFile(BytesIO(data))
    width, height = opened.size
    if min(width, height) < 1:
        raise ValueError(f"Expected a BMP with pixels, got {width}x{height}.")
    if opened.info["compression"] in bmp_runs.ENCODINGS:
        bmp_runs.refuse_many_pixels(width, height)
    return opened


def _bmp_picture(opened: Any, data: bytes) -> pyvips.Image:  # noqa: ANN401 - as above
    if opened.info["compression"] in bmp_runs.ENCODINGS:
        opened = _bmp(bmp_runs.expanded(data, opened.size, opened.tile[0].offset))
    bands, bits = _bands_and_bits(opened.mode)
    wanted = {1: "L", 3: "RGB", 4: "RGBA"}[bands]
    opened.load()
    flat = opened if opened.mode == wanted else opened.convert(wanted)
    image = _from_memory(flat.tobytes(), flat.size, bands, bits)
    if bands > RGB_BANDS and image[ALPHA].max() == 0:
        image = image.extract_band(0, n=RGB_BANDS)  # browsers ignore an alpha of zeros only
    return _with_profile(image, _bmp_profile(data))


def _bmp_profile(data: bytes) -> bytes | None:
    header = data[BMP_HEADER : BMP_HEADER + V5_BYTES]
    is_embedded = header[COLOUR_SPACE : COLOUR_SPACE + 4] == EMBEDDED
    if len(header) < V5_BYTES or header[0] != V5_BYTES or not is_embedded:
        return None
    offset, size = struct.unpack_from("<II", header, PROFILE_OFFSET)
    return data[BMP_HEADER + offset : BMP_HEADER + offset + size] or None


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
