"""Finds the format of an ISO base media file by its brands.

https://mp4ra.org/registered-types/brands
"""

import re

_FTYP = b"ftyp"
_FIRST_COMPATIBLE_AT, _BRAND_BYTES = 16, 4
# The first line of which a file has a brand decides.
_CODECS: tuple[tuple[str, frozenset[bytes]], ...] = (
    ("cr3", frozenset({b"crx "})),
    ("mif3", frozenset({b"mif3"})),
    ("avif", frozenset({b"avif", b"avis"})),
    ("heic", frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})),
    ("avci", frozenset({b"avci", b"avcs"})),
    ("vvic", frozenset({b"vvic", b"vvis"})),
    ("evbi", frozenset({b"evbi", b"evbs", b"evmi", b"evms"})),
    ("heif-jpeg", frozenset({b"jpeg", b"jpgs"})),
    ("heif-jp2", frozenset({b"j2ki", b"j2is"})),
    ("unci", frozenset({b"unif"})),
)
# Brands that do not tell the codec. Most files have one of them in addition to a codec's brand.
_ANY_CODEC = frozenset({b"mif1", b"mif2", b"msf1", b"miaf", b"1pic"})
# The type of the first picture among a file's items: ISO/IEC 23008-12.
_CODED = re.compile(b"infe.{8,12}?(av01|hvc1|avc1|vvc1|evc1|jpeg|j2k1|unci)", re.DOTALL)
_FORMATS = {
    b"av01": "avif",
    b"hvc1": "heic",
    b"avc1": "avci",
    b"vvc1": "vvic",
    b"evc1": "evbi",
    b"jpeg": "heif-jpeg",
    b"j2k1": "heif-jp2",
    b"unci": "unci",
}


def by_brand(header: bytes) -> str | None:
    """Return the format of a picture whose first bytes are `header`; `None` for films and others.

    A file that names no codec among its brands is what its first listed picture is, or HEIC if the
    header ends before that.
    """
    found = brands(header)
    for name, codec in _CODECS:
        if found & codec:
            return name
    if not found & _ANY_CODEC:
        return None
    coded = _CODED.search(header)
    return _FORMATS[coded[1]] if coded else "heic"


def brands(header: bytes) -> frozenset[bytes]:
    """Return the brands of an ISO base media file, the major one included; empty for others."""
    if header[4:8] != _FTYP:
        return frozenset()
    end = min(len(header), int.from_bytes(header[:4], "big"))  # the brands end with the box
    listed = range(_FIRST_COMPATIBLE_AT, end, _BRAND_BYTES)
    return frozenset({header[8:12], *(header[at : at + _BRAND_BYTES] for at in listed)})
