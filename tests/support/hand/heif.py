"""AVIF and HEIC files of one picture and its alpha, put together from coded items of others.

No encoder writes the mismatches that readers must bear: ISO/IEC 23008-12, sections 6.4 and 6.5.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pyvips
from PIL import Image

from shared.imaging.formats import av1, heif_items
from tests.support import images, images_heic
from tests.support.hand.iso import box, boxes, full_box

# The types of alpha planes: https://aomediacodec.github.io/av1-avif/, section 4.1, and H.265, F.
ALPHA_TYPES = {
    b"av01": b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"hvc1": b"urn:mpeg:hevc:2015:auxid:1",
}
CONFIGURATIONS = {b"av01": b"av1C", b"hvc1": b"hvcC"}
BRANDS = {b"av01": b"avif", b"hvc1": b"heic"}
ESSENTIAL = 0x80
MAX_SEQUENCE_HEADER_BYTES = 20


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture: its item type, configuration box, bytes, size and `colr` boxes."""

    kind: bytes
    configuration: bytes
    content: bytes
    size: tuple[int, int]
    colours: tuple[bytes, ...]


def coded(data: bytes) -> Coded:
    """Return the picture of an AVIF or HEIC that has one item."""
    inner = dict(boxes(dict(boxes(data))[b"meta"][4:]))
    listed = [*boxes(dict(boxes(inner[b"iprp"]))[b"ipco"])]
    kind = b"hvc1" if b"hvc1" in inner[b"iinf"] else b"av01"
    name = CONFIGURATIONS[kind]
    width, height = struct.unpack(">II", dict(listed)[b"ispe"][4:])
    return Coded(
        kind,
        box(name, dict(listed)[name]),
        heif_items.content(data, int.from_bytes(inner[b"pitm"][4:], "big")),
        (width, height),
        tuple(box(b"colr", content) for each, content in listed if each == b"colr"),
    )


def avif(picture: Image.Image, **options: object) -> Coded:
    """Return a picture of 8 bits, coded as AV1 by libavif."""
    return coded(images.saved(picture, "AVIF", **options))


def deep_avif(picture: Image.Image) -> Coded:
    """Return a picture of 10 bits, coded as AV1 by libheif."""
    bands = len(picture.getbands())
    held = pyvips.Image.new_from_memory(picture.tobytes(), *picture.size, bands, "uchar")
    held = held.copy(interpretation="srgb" if bands > 1 else "b-w")
    options = {"compression": "av1", "bitdepth": 10, "Q": 95, "effort": 0}
    return coded(bytes(held.heifsave_buffer(subsample_mode="off", **options)))


def avif_plane(picture: Image.Image, *, bits: int = 8) -> Coded:
    """Return a grey picture, coded as monochrome AV1; encoders do that for alpha only."""
    picture_of_alpha = Image.new("RGBA", picture.size)
    picture_of_alpha.putalpha(picture)
    held = pyvips.Image.new_from_memory(picture_of_alpha.tobytes(), *picture.size, 4, "uchar")
    options = {"compression": "av1", "bitdepth": bits, "Q": 95, "effort": 0}
    data = bytes(held.copy(interpretation="srgb").heifsave_buffer(**options))
    return _alpha(data, picture.size)


def limited_avif_plane(picture: Image.Image, *, bits: int = 8) -> Coded:
    """Return a grey picture, coded as monochrome AV1 of limited range."""
    return declared_limited(avif_plane(squeezed(picture), bits=bits))


def squeezed(picture: Image.Image) -> Image.Image:
    """Return a grey picture whose black is 16 and whose white is 235."""
    return picture.point(lambda value: 16 + value * 219 // 255)


def declared_limited(plane: Coded) -> Coded:
    """Return monochrome AV1 with the bit of its range changed: the last that makes it limited."""
    for bit in range(8 * MAX_SEQUENCE_HEADER_BYTES - 1, -1, -1):
        changed = bytearray(plane.content)
        changed[bit // 8] ^= 0x80 >> bit % 8
        if av1.is_limited_range(bytes(changed)):
            return replace(plane, content=bytes(changed))
    raise ValueError("Expected a sequence header with a bit for the range.")


def _alpha(data: bytes, size: tuple[int, int]) -> Coded:
    """Return the last coded item of an AVIF, which is its alpha."""
    inner = dict(boxes(dict(boxes(data))[b"meta"][4:]))
    listed = boxes(dict(boxes(inner[b"iprp"]))[b"ipco"])
    *_, configuration = (content for kind, content in listed if kind == b"av1C")
    *_, item = (each.number for each in heif_items.items(data) if each.kind == b"av01")
    content = heif_items.content(data, item)
    return Coded(b"av01", box(b"av1C", configuration), content, size, ())


def heic(picture: Image.Image, **options: object) -> Coded:
    """Return a picture, coded as HEVC; of 64 by 64 pixels, because it gets no `clap`."""
    return coded(images_heic.heic(picture, **options))


def deep_heic(picture: Image.Image, **options: object) -> Coded:
    """Return a picture of 10 bits, coded as HEVC; of 64 by 64 pixels, as above."""
    mode = {"L": "L;16", "RGB": "RGB;16"}[picture.mode]
    samples = b"".join((257 * each).to_bytes(2, "little") for each in picture.tobytes())
    return coded(images_heic.deep(mode, picture.size, samples, **options))


def rotation(quarters: int) -> bytes:
    """Return an `irot`: quarter turns anticlockwise."""
    return box(b"irot", bytes([quarters]))


def mirroring(axis: int) -> bytes:
    """Return an `imir`: 0 exchanges top and bottom, 1 left and right."""
    return box(b"imir", bytes([axis]))


def crop(size: tuple[int, int]) -> bytes:
    """Return a `clap` of whole pixels in the middle of a picture."""
    return box(b"clap", struct.pack(">8I", size[0], 1, size[1], 1, 0, 1, 0, 1))


def numbers(primaries: int, transfer: int, matrix: int, *, is_full: bool) -> bytes:
    """Return a `colr` of numbers by H.273."""
    said = struct.pack(">HHHB", primaries, transfer, matrix, is_full << 7)
    return box(b"colr", b"nclx" + said)


def profile(icc: bytes) -> bytes:
    """Return a `colr` with an ICC profile."""
    return box(b"colr", b"prof" + icc)


class Item(NamedTuple):
    """An item of a file: its coded picture and its properties."""

    picture: Coded
    properties: tuple[bytes, ...]


def file(  # noqa: PLR0913 - the parts of a file
    picture: Coded,
    alpha: Coded | None = None,
    *,
    said: Sequence[bytes] = (),
    said_of_alpha: Sequence[bytes] = (),
    colours: Sequence[bytes] | None = None,
    is_premultiplied: bool = False,
    is_miaf: bool = True,
) -> bytes:
    """Return a picture with properties and an alpha plane with others, as one file.

    `colours` replaces the `colr` boxes of the picture.
    """
    mine = picture.colours if colours is None else tuple(colours)
    items = [Item(picture, (*mine, *said))]
    references = b""
    if alpha:
        kind = full_box(b"auxC", ALPHA_TYPES[alpha.kind] + b"\0")
        items.append(Item(alpha, (kind, *said_of_alpha)))
        references = box(b"auxl", struct.pack(">HHH", 2, 1, 1))
    if is_premultiplied:
        references += box(b"prem", struct.pack(">HHH", 1, 1, 2))
    brand = BRANDS[picture.kind]
    ftyp = box(b"ftyp", brand + bytes(4) + brand + b"mif1" + (b"miaf" if is_miaf else b""))
    start = len(ftyp) + len(_meta(items, references, 0)) + 8
    pixels = b"".join(each.picture.content for each in items)
    return ftyp + _meta(items, references, start) + box(b"mdat", pixels)


def _meta(items: Sequence[Item], references: bytes, start: int) -> bytes:
    count = struct.pack(">H", len(items))
    places, entries, at = b"", b"", start
    for number, item in enumerate(items, 1):
        size = len(item.picture.content)
        places += struct.pack(">HHHII", number, 0, 1, at, size)
        at += size
        named = struct.pack(">HH", number, 0) + item.picture.kind + b"\0"
        entries += full_box(b"infe", named, version=2)
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full_box(b"pitm", struct.pack(">H", 1))
        + full_box(b"iloc", b"\x44\0" + count + places)
        + full_box(b"iinf", count + entries)
        + (full_box(b"iref", references) if references else b"")
        + _properties(items),
    )


def _properties(items: Sequence[Item]) -> bytes:
    listed, owners = b"", struct.pack(">I", len(items))
    place = 0
    for number, (picture, said) in enumerate(items, 1):
        size = full_box(b"ispe", struct.pack(">II", *picture.size))
        mine = (size, picture.configuration, *said)
        listed += b"".join(mine)
        owners += struct.pack(">HB", number, len(mine))
        owners += bytes(ESSENTIAL | place + each for each in range(1, len(mine) + 1))
        place += len(mine)
    return box(b"iprp", box(b"ipco", listed) + full_box(b"ipma", owners))
