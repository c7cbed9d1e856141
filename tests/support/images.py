"""Makes the test images that all tiers share: the same bytes for the same arguments, every time.

Nothing is read from disk and nothing is random: detail comes from SHAKE-256 of a seed.
"""

import struct
import zlib
from functools import lru_cache
from hashlib import shake_256
from io import BytesIO

from PIL import Image, ImageDraw

from tests.support.profiles import display_p3

Size = tuple[int, int]
Colour = tuple[int, int, int]

SMALL: Size = (160, 120)

# The corners of `corners`, as a viewer sees the picture upright.
TOP_LEFT: Colour = (220, 30, 30)
TOP_RIGHT: Colour = (30, 200, 30)
BOTTOM_LEFT: Colour = (30, 30, 220)
BOTTOM_RIGHT: Colour = (240, 240, 240)

# How an upright image is stored with each EXIF orientation.
STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
ORIENTATION, COPYRIGHT, GPS_IFD = 0x0112, 0x8298, 0x8825
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'


def detail(size: Size, *, seed: int = 1) -> Image.Image:
    """Return an RGB picture as rich as a photo: soft shapes, texture, hard edges and grain."""
    picture = Image.new("RGB", size, (128, 128, 128))
    for octave, strength in ((3, 0.9), (9, 0.5), (27, 0.3), (81, 0.2)):
        coarse = _noise((octave, octave), f"{seed}/{octave}").resize(
            size, Image.Resampling.BICUBIC
        )
        picture = Image.blend(picture, coarse, strength)
    draw = ImageDraw.Draw(picture)
    places = shake_256(f"{seed}/edges".encode()).digest(5 * 24)
    for x, y, *fill in (places[at : at + 5] for at in range(0, len(places), 5)):
        left, top = size[0] * x // 256, size[1] * y // 256
        draw.ellipse((left, top, left + size[0] // 9, top + size[1] // 12), fill=tuple(fill))
    return Image.blend(picture, _noise(size, f"{seed}/grain"), 0.06)


def corners(size: Size) -> Image.Image:
    """Return a picture of four plain quarters, each in the colour named for its corner."""
    width, height = size
    picture = Image.new("RGB", size, TOP_LEFT)
    picture.paste(TOP_RIGHT, (width // 2, 0, width, height))
    picture.paste(BOTTOM_LEFT, (0, height // 2, width, height))
    picture.paste(BOTTOM_RIGHT, (width // 2, height // 2, width, height))
    return picture


def with_alpha(size: Size, *, seed: int = 1) -> Image.Image:
    """Return an RGBA picture: opaque on the left, fading to fully transparent on the right."""
    picture = detail(size, seed=seed).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").rotate(-90).resize(size))
    return picture


@lru_cache(maxsize=32)  # many tests make the same few
def jpeg(
    size: Size = SMALL, *, seed: int = 1, mode: str = "RGB", progressive: bool = False
) -> bytes:
    """Return a photo-like JPEG; `mode` RGB, L (grey) or CMYK."""
    picture = detail(size, seed=seed).convert(mode)
    return _saved(picture, "JPEG", quality=88, progressive=progressive)


def truncated_jpeg(size: Size = SMALL, *, seed: int = 1, progressive: bool = False) -> bytes:
    """Return the first half of a JPEG: the header is whole, the pixels are not."""
    whole = jpeg(size, seed=seed, progressive=progressive)
    return whole[: len(whole) // 2]


def oriented_jpeg(orientation: int, size: Size = SMALL) -> bytes:
    """Return `corners` stored with an EXIF orientation, and with GPS, copyright and XMP.

    `size` is what a viewer sees; orientations 5 to 8 store it with the sides exchanged.
    """
    picture = corners(size)
    if orientation in STORED_AS:
        picture = picture.transpose(STORED_AS[orientation])
    options = {"exif": exif(orientation), "xmp": XMP}
    return _saved(picture, "JPEG", quality=95, subsampling=0, **options)


def exif(orientation: int) -> Image.Exif:
    """Return EXIF as a phone writes it: how to turn the picture, who made it, and where."""
    said = Image.Exif()
    said[ORIENTATION] = orientation
    said[COPYRIGHT] = "Somebody"
    said.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)})
    return said


def oriented(format_name: str, orientation: int, size: Size = SMALL) -> bytes:
    """Return `corners` stored in another format than JPEG, as `oriented_jpeg` stores it."""
    picture = corners(size)
    if orientation in STORED_AS:
        picture = picture.transpose(STORED_AS[orientation])
    exact: dict[str, dict[str, object]] = {
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    }
    return _saved(picture, format_name, exif=exif(orientation), **exact.get(format_name, {}))


def plain(colour: int | tuple[int, ...], mode: str = "RGB", size: Size = SMALL) -> Image.Image:
    """Return a picture of one colour."""
    return Image.new(mode, size, colour)


def saved(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """Return an image as a file, as exact as the format allows unless `options` differ."""
    exact: dict[str, dict[str, object]] = {
        "JPEG": {"quality": 100},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    return _saved(picture, format_name, **{**exact.get(format_name, {}), **options})


def wide_gamut_jpeg(colour: Colour = (255, 0, 0), size: Size = SMALL) -> bytes:
    """Return one plain Display P3 colour, with its profile."""
    picture = Image.new("RGB", size, colour)
    return _saved(picture, "JPEG", quality=95, subsampling=0, icc_profile=display_p3())


def png(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return an opaque PNG."""
    return _saved(detail(size, seed=seed), "PNG")


def alpha_png(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return a PNG with visible transparency."""
    return _saved(with_alpha(size, seed=seed), "PNG")


def opaque_alpha_png(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return a PNG with an alpha channel that is opaque everywhere."""
    return _saved(detail(size, seed=seed).convert("RGBA"), "PNG")


def grey_alpha_png(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return a PNG of two bands: grey and alpha."""
    return _saved(with_alpha(size, seed=seed).convert("LA"), "PNG")


def palette_png(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return a PNG of 64 colours by palette."""
    return _saved(detail(size, seed=seed).quantize(64), "PNG")


def deep_png(size: Size = SMALL) -> bytes:
    """Return a PNG of 16 bits a band, a ramp of red across and of green downwards.

    Written by hand, because Pillow saves 16 bits in grey only.
    """
    width, height = size
    rows = b"".join(
        b"\0"
        + b"".join(
            struct.pack(">3H", 65535 * x // (width - 1), 65535 * y // (height - 1), 32768)
            for x in range(width)
        )
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def webp(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return a still, lossy WebP."""
    return _saved(detail(size, seed=seed), "WEBP", quality=85)


def avif(size: Size = SMALL, *, seed: int = 1) -> bytes:
    """Return an AVIF."""
    return _saved(detail(size, seed=seed), "AVIF", quality=70, speed=9)


@lru_cache(maxsize=32)
def animated_gif(size: Size = SMALL, *, frames: int = 4) -> bytes:
    """Return an animated GIF: each frame is another picture for 100 ms, in an endless loop."""
    return _animated(size, frames, "GIF")


def animated_webp(size: Size = SMALL, *, frames: int = 4) -> bytes:
    """Return an animated WebP, like `animated_gif`."""
    return _animated(size, frames, "WEBP")


def _animated(size: Size, frames: int, format_name: str) -> bytes:
    first, *rest = (detail(size, seed=number + 1) for number in range(frames))
    return _saved(first, format_name, save_all=True, append_images=rest, duration=100, loop=0)


def _noise(size: Size, seed: str) -> Image.Image:
    return Image.frombytes("RGB", size, shake_256(seed.encode()).digest(3 * size[0] * size[1]))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _saved(picture: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()
