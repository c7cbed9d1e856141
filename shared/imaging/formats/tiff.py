"""Refuses TIFF files that libvips would render wrongly: raw files, truncated files, odd pixels.

A camera's raw file is a TIFF whose first image is a thumbnail. The tags are those of
https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf; BigTIFF and DNG add to them.
"""

from shared.imaging.formats.tiff_directory import (
    BAD_OFFSET,
    BITS,
    COMPRESSION,
    CUT_DIRECTORY,
    EXTRA_SAMPLES,
    JPEG,
    MAX_SAMPLES,
    NOT_COMPRESSED,
    PHOTOMETRIC,
    PLANAR,
    RGB,
    SAMPLE_FORMAT,
    SEPARATE,
    TILE_OFFSETS,
    YCBCR,
    Directory,
    directory,
    first_directory,
    samples,
)
from shared.imaging.formats.tiff_parts import refuse_missing_parts
from shared.model.errors import Truncated, UnsupportedFormat

SUB_DIRECTORIES, DNG_VERSION, UNSPECIFIED = 330, 50706, 0
SENSOR_DATA = frozenset({32803, 34892})  # a colour filter array, and a DNG's linear raw
CIELAB, ICCLAB, ITULAB = 8, 9, 10
# Compressions of the bundled libtiff: none, CCITT, LZW, JPEG, deflate, PackBits, WebP.
KNOWN_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50001})
UNSIGNED, FLOAT = 1, 3
KINDS = {1: "whole", 2: "signed", 3: "floating-point", 4: "untyped", 5: "complex", 6: "complex"}
# https://github.com/libvips/libvips/blob/v8.18.0/libvips/foreign/tiff2vips.c
SINGLE_BAND_BITS, BITS_OF_BANDS = frozenset({1, 2, 4, 8, 16}), frozenset({8, 16})
FLOAT_BITS = frozenset({16, 32})
MAX_SUB_DIRECTORIES = 16


def refuse_what_libvips_gets_wrong(data: bytes) -> None:
    """Raise `UnsupportedFormat` for raw files and odd pixels.

    Raises `Truncated` if the first directory, a strip or a tile is not whole, and `TooCostly` for
    more strips or tiles than are counted. Other errors in a directory are left to libvips, whose
    messages say more.
    """
    try:
        first = first_directory(data)
        _refuse_raw(first)
        _refuse_odd_pixels(first)
        refuse_missing_parts(first)
    except BAD_OFFSET as error:
        raise Truncated(CUT_DIRECTORY) from error


def has_alpha(data: bytes) -> bool:
    """Return whether a band after the colours is alpha, for a TIFF that was not refused.

    It is alpha if the file does not declare its meaning. If the file declares it as "unspecified",
    it is a saved selection or a printing plate.
    """
    return first_directory(data).value(EXTRA_SAMPLES, 1) != UNSPECIFIED


GREY = frozenset({0, 1})  # photometric interpretations: white is 0, black is 0


def _refuse_raw(first: Directory) -> None:
    places = first.values(SUB_DIRECTORIES, most=MAX_SUB_DIRECTORIES)
    below = (_photometric(first, at) for at in places)
    is_raw = any(each in SENSOR_DATA for each in (first.value(PHOTOMETRIC, RGB), *below))
    if is_raw or DNG_VERSION in first.fields:
        raise UnsupportedFormat("Expected an image, got a camera's raw file.", stage="sniff")


def _photometric(first: Directory, at: int) -> int:
    """Return the photometric interpretation of a subdirectory; RGB if it cannot be read."""
    try:
        return directory(first.data, at).value(PHOTOMETRIC, RGB)
    except BAD_OFFSET:
        return RGB


def _refuse_odd_pixels(first: Directory) -> None:
    compression = first.value(COMPRESSION, NOT_COMPRESSED)
    photometric = first.value(PHOTOMETRIC, RGB)
    bits = first.value(BITS, 1)
    lab8 = photometric in {ICCLAB, ITULAB} or (photometric == CIELAB and bits == 8)  # noqa: PLR2004 - bits
    is_planar = first.value(PLANAR, 1) == SEPARATE and samples(first) > 1
    odd = {
        f"compression {compression}": compression not in KNOWN_COMPRESSIONS,
        "YCbCr without JPEG": photometric == YCBCR and compression != JPEG,
        "Lab of 8 bits": lab8,
        "tiles of separate planes": is_planar and TILE_OFFSETS in first.fields,
        # libvips reads the first plane as if it held all bands.
        "separate planes of grey and others": is_planar and photometric in GREY,
        _depth_in_words(first): not _is_known_depth(first, photometric),
    }
    found = next((words for words, is_odd in odd.items() if is_odd), None)
    if found:
        raise UnsupportedFormat(
            f"Expected a TIFF that libvips reads correctly, got {found}. "
            "Save it as RGB of 8 or 16 bits.",
            stage="probe",
        )


def _is_known_depth(first: Directory, photometric: int) -> bool:
    """Return whether libvips reads samples of these bits, which all bands must share."""
    depths = set(first.values(BITS, most=MAX_SAMPLES)) or {1}
    kind, bits = first.value(SAMPLE_FORMAT, UNSIGNED), first.value(BITS, 1)
    if len(depths) > 1:
        return False
    if kind == FLOAT:
        return photometric in {RGB, CIELAB} and bits in FLOAT_BITS
    if kind != UNSIGNED and photometric != CIELAB:
        return False
    return bits in (SINGLE_BAND_BITS if samples(first) == 1 else BITS_OF_BANDS)


def _depth_in_words(first: Directory) -> str:
    depths = "/".join(map(str, dict.fromkeys(first.values(BITS, most=MAX_SAMPLES) or (1,))))
    kind = first.value(SAMPLE_FORMAT, UNSIGNED)
    return f"{KINDS.get(kind, 'unknown')} samples of {depths} bits"
