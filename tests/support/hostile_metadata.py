"""Small files whose metadata would keep a parser busy for seconds, and the same pictures without.

Each is a *kind* of cost: pointers in circles, entries that share one content, steps that share one
matrix, compressed texts, names in front of each of which something long is written.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from shared.imaging.colour import cicp
from tests.support import images, images_heic
from tests.support.hand import iso, jpeg, png, tiff, webp
from tests.support.hand.flat import zeros

SIZE = (64, 48)
EXIF_IFD, GPS_IFD, INTEROP_IFD, MAKER_NOTE = 0x8769, 0x8825, 0xA005, 0x927C
ASCII, LONG, UNDEFINED = 2, 4, 7
HEADER = b"II*\0" + struct.pack("<I", 8)
SEGMENT_BYTES = 65_000
MEGABYTES_8 = 7_900_000

Entry = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Hostile:
    """A file with hostile metadata, and how to make the same picture without it."""

    make: Callable[[], bytes]
    plain: Callable[[], bytes]


def directory(entries: list[Entry], then: int = 0) -> bytes:
    """Return a directory; an entry is a tag, a type, a count and a value or its offset."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + rows + struct.pack("<I", then)


def _circle() -> bytes:
    """Return four directories, each of which points three times to the next."""
    tags = (EXIF_IFD, GPS_IFD, INTEROP_IFD, EXIF_IFD)
    size = len(directory([(0, 0, 0, 0)] * 3))
    places = [8 + size * number for number in range(4)]
    after = [*places[1:], places[1]]
    pointers = zip(tags, after, strict=True)
    return HEADER + b"".join(directory([(tag, LONG, 1, at)] * 3) for tag, at in pointers)


def _circle_of_next() -> bytes:
    """Return a directory that points to its second, which names the first as the next."""
    second = 8 + len(directory([(0, 0, 0, 0)] * 3))
    first = directory([(EXIF_IFD, LONG, 1, second)] * 3, second)
    return HEADER + first + directory([(INTEROP_IFD, LONG, 1, 8)] * 3, 8)


def _to_itself() -> bytes:
    return HEADER + directory([(EXIF_IFD, LONG, 1, 8)] * 5000)


def _shared_content(kind: int, tag: int, step: int) -> bytes:
    entries = [(tag + step * number, kind, 30_000, 8) for number in range(5000)]
    return (HEADER + directory(entries)).ljust(SEGMENT_BYTES, b"A")


EXIF: dict[str, Callable[[], bytes]] = {
    "directories in a circle": _circle,
    "next directories in a circle": _circle_of_next,
    "5000 pointers to itself": _to_itself,
    "5000 entries of one content": lambda: _shared_content(ASCII, 0x9000, 1),
    "5000 equal entries of one content": lambda: _shared_content(ASCII, 0x10F, 0),
    "5000 maker notes": lambda: _shared_content(UNDEFINED, MAKER_NOTE, 0),
}


def _jpeg(*segments: bytes) -> bytes:
    plain = images.jpeg(SIZE)
    return plain[:2] + b"".join(segments) + plain[2:]


def _webp(*chunks: tuple[bytes, bytes]) -> bytes:
    sides = b"".join(struct.pack("<I", side - 1)[:3] for side in SIZE)
    parts = [(b"VP8X", b"\x0c\0\0\0" + sides), (b"VP8L", webp.vp8l(*SIZE)), *chunks]
    return webp.webp(b"".join(webp.chunk(*part) for part in parts))


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    return png.png(*SIZE, extra=b"".join(png.chunk(*each) for each in chunks))


def _avif(exif: bytes = b"") -> bytes:
    plain = images.saved(images.corners(SIZE), "AVIF")
    return iso.with_items(plain, 1, 1, kind=b"Exif\0", content=bytes(4) + exif) if exif else plain


def _heic(exif: bytes = b"") -> bytes:
    plain = images_heic.heic(images.corners(SIZE))
    return iso.with_items(plain, 1, 1, kind=b"Exif\0", content=bytes(4) + exif) if exif else plain


WITH_EXIF: dict[str, Callable[..., bytes]] = {
    "JPEG": lambda exif: _jpeg(jpeg.segment(0xE1, b"Exif\0\0" + exif)),
    "PNG": lambda exif: _png((b"eXIf", exif)),
    "WebP": lambda exif: _webp((b"EXIF", exif)),
    "AVIF": _avif,
    "HEIC": _heic,
}
PLAIN: dict[str, Callable[[], bytes]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WebP": _webp,
    "AVIF": _avif,
    "HEIC": _heic,
    "TIFF": lambda: tiff.tiff(64),
}


def chained_profile(steps: int) -> bytes:
    """Return a wide profile with tables of so many steps, all of which are one matrix."""
    profile = cicp.profile(9, 16, grey=False) or b""
    matrix = struct.pack(">4s4xHH12f", b"matf", 3, 3, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    start = 16 + 8 * steps
    places = struct.pack(">II", start, len(matrix)) * steps
    table = struct.pack(">4s4xHHI", b"mpet", 3, 3, steps) + places + matrix
    return with_tags(profile, {b"D2B0": table, b"D2B1": table})


def with_tags(profile: bytes, added: dict[bytes, bytes]) -> bytes:
    """Return a profile of version 4.3 with more tags."""
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for number in range(count):
        name, at, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        tags[name] = profile[at : at + size]
    tags |= added
    start = 132 + 12 * len(tags)
    listed, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        listed += struct.pack(">4sII", name, start + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    size = struct.pack(">I", start + len(body))
    return size + profile[4:8] + b"\x04\x30\0\0" + profile[12:128] + listed + body


def _profile_segments(profile: bytes) -> bytes:
    parts = [profile[at : at + 65_000] for at in range(0, len(profile), 65_000)]
    return b"".join(
        jpeg.segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(parts)]) + part)
        for number, part in enumerate(parts, 1)
    )


def _xmp(packet: bytes) -> bytes:
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet, 9)
    return _png((b"iTXt", text))


RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = b"http://purl.org/dc/elements/1.1/"


def _rights(content: bytes) -> bytes:
    opened = b'<x xmlns:dc="%b" xmlns:rdf="%b"><dc:rights><rdf:Alt>' % (DC, RDF)
    return opened + content + b"</rdf:Alt></dc:rights></x>"


XMP: dict[str, Callable[[], bytes]] = {
    "a long default namespace": lambda: (
        b'<x xmlns="%b">%b</x>' % (b"u" * 500_000, b"<a/>" * 99_999)
    ),
    "a long namespace of attributes": lambda: (
        b'<x xmlns:p="%b" %b/>'
        % (b"u" * 400_000, b" ".join(b'p:a%d=""' % number for number in range(20_000)))
    ),
    "200000 elements": lambda: b"<x>%b</x>" % (b"<a/>" * 200_000),
    "200000 items": lambda: _rights(b"<rdf:li/>" * 90_000),
    "a million lines": lambda: b"<x>%b</x>" % (b"\n" * 1_000_000),
    "a million lines in an item": lambda: _rights(b"<rdf:li>%b</rdf:li>" % (b"\n" * 1_000_000)),
    "elements in elements": lambda: b"<a>" * 140_000 + b"</a>" * 140_000,
}


def _compressed(name: bytes, head: bytes, content: bytes, level: int = 9) -> bytes:
    return _png(*[(name, head + zlib.compress(content, level))] * 32)


def _tiff_of_tags(count: int) -> bytes:
    """Return a small TIFF with so many tags that nobody knows."""
    packed = zeros(64 * 16)
    known = tiff.entries(64, len(packed), 16)
    unknown = {20_000 + number: (tiff.SHORT, (1,)) for number in range(count)}
    at = 8 + len(packed)
    return b"II*\0" + struct.pack("<I", at) + packed + tiff.directory(known | unknown, at, 0)


_OTHERS: dict[str, Hostile] = {
    "TIFF, 4000 unknown tags": Hostile(lambda: _tiff_of_tags(4000), PLAIN["TIFF"]),
    "PNG, 32 zTXt of 8 MB": Hostile(
        lambda: _compressed(b"zTXt", b"x\0\0", bytes(MEGABYTES_8)), _png
    ),
    "PNG, 32 zTXt of 8 MB, hardly compressed": Hostile(
        lambda: _compressed(b"zTXt", b"x\0\0", bytes(range(1, 256)) * 30_000, level=1), _png
    ),
    "PNG, 32 iTXt of 8 MB": Hostile(
        lambda: _compressed(b"iTXt", b"x\0\1\0\0\0", b"a" * MEGABYTES_8), _png
    ),
    "JPEG, profile of 10000 steps": Hostile(
        lambda: _jpeg(_profile_segments(chained_profile(10_000))),
        lambda: _jpeg(_profile_segments(cicp.profile(9, 16, grey=False) or b"")),
    ),
    "JPEG, Exif behind stray bytes": Hostile(
        lambda: _jpeg(b"\xff\x01\xff\xff", jpeg.segment(0xE1, b"Exif\0\0" + _circle())), _jpeg
    ),
    "AVIF, 30 descriptions of 30 MB": Hostile(lambda: iso.with_items(_avif(), 30, 30), _avif),
    "HEIC, 30 descriptions of 30 MB": Hostile(lambda: iso.with_items(_heic(), 30, 30), _heic),
}
HOSTILE: dict[str, Hostile] = {
    **{
        f"{name}, EXIF, {kind}": Hostile(
            lambda name=name, make=make: WITH_EXIF[name](make()),  # type: ignore[misc]
            PLAIN[name],
        )
        for name in WITH_EXIF
        for kind, make in EXIF.items()
    },
    **{
        f"PNG, XMP, {kind}": Hostile(
            lambda make=make: _xmp(make()),  # type: ignore[misc]
            _png,
        )
        for kind, make in XMP.items()
    },
    **_OTHERS,
}
