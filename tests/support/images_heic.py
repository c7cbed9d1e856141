"""Makes HEIC files with pillow-heif's encoder."""

import struct
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image

from tests.support import images
from tests.support.images import SMALL, Size

GRID = 64
# As close to the picture as x265's usual preset, and six times as fast.
CLOSE: dict[str, Any] = {
    "quality": 95,
    "chroma": "444",
    "enc_params": {"preset": "ultrafast"},
}


def heic(picture: Image.Image | None = None, **options: Any) -> bytes:  # noqa: ANN401 - the encoder's own
    """Return a picture as HEIC; without options, as close to it as the encoder can get."""
    buffer = BytesIO()
    opened = pillow_heif.from_pillow(images.detail(SMALL) if picture is None else picture)
    opened.save(buffer, **{**CLOSE, **options})
    return buffer.getvalue()


def deep_heic(
    colour: tuple[int, ...],
    size: Size = SMALL,
    **options: Any,  # noqa: ANN401 - as above
) -> bytes:
    """Return one plain colour in 10 bits: one band for grey, three for RGB, four for RGBA."""
    mode = {1: "L;16", 3: "RGB;16", 4: "RGBA;16"}[len(colour)]
    pixel = b"".join((257 * band).to_bytes(2, "little") for band in colour)
    return deep(mode, size, pixel * (size[0] * size[1]), **options)


def deep(mode: str, size: Size, samples: bytes, **options: Any) -> bytes:  # noqa: ANN401 - as above
    """Return samples of 16 bits as HEIC of 10 bits; `mode` is one of pillow-heif's."""
    buffer = BytesIO()
    pillow_heif.from_bytes(mode, size, samples).save(buffer, **{**CLOSE, **options})
    return buffer.getvalue()


def grid_heic(size: Size = SMALL) -> bytes:
    """Return a HEIC of many tiles, as phones write them."""
    return heic(images.detail(size), tile_size=GRID, chroma="420", quality=60)


def oriented_heic(orientation: int, size: Size = SMALL) -> bytes:
    """Return `corners` with its orientation in the container and, as on phones, in EXIF with GPS.

    Viewers turn the picture once, as the container says.
    """
    picture = images.corners(size)
    if orientation in images.STORED_AS:
        picture = picture.transpose(images.STORED_AS[orientation])
    opened = pillow_heif.from_bytes("RGB", picture.size, picture.tobytes())
    opened[0].info |= {"exif": images.exif(orientation).tobytes(), "xmp": images.XMP}
    buffer = BytesIO()
    opened.save(buffer, **CLOSE)
    return buffer.getvalue()


def as_stored(picture: Image.Image, **options: Any) -> bytes:  # noqa: ANN401 - as above
    """Return a picture with its EXIF, but without the orientation that the EXIF says."""
    opened = pillow_heif.from_bytes(picture.mode, picture.size, picture.tobytes())
    opened[0].info |= {"exif": picture.info["exif"]}
    buffer = BytesIO()
    opened.save(buffer, **{**CLOSE, **options})
    data = buffer.getvalue()
    return data.replace(b"irot", b"free").replace(b"imir", b"free")


def heic_of_several(primary: Image.Image, other: Image.Image) -> bytes:
    """Return a collection whose second picture is the primary one."""
    opened = pillow_heif.HeifFile()  # type: ignore[no-untyped-call] # it has no return type
    opened.add_from_pillow(other)
    opened.add_from_pillow(primary)
    buffer = BytesIO()
    opened.save(buffer, **CLOSE, primary_index=1)
    return buffer.getvalue()


def with_numbers(data: bytes, primaries: int, transfer: int) -> bytes:
    """Return an AVIF or HEIC in sRGB, with its colour numbers (nclx) replaced."""
    said = b"nclx" + struct.pack(">HH", primaries, transfer)
    changed = data.replace(b"nclx\x00\x01\x00\x0d", said)
    if changed == data:
        raise ValueError("Expected a file that says sRGB by numbers.")
    return changed
