"""The valid files that the fuzz tests break: one of each variety that is rendered."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pyvips

from tests.support import images, images_by_hand
from tests.support.hand import apng, fax, gif, heif, iso, tiff
from tests.support.hostile_metadata import HOSTILE
from tests.support.images_heic import as_stored, deep_heic, grid_heic, heic

SIZE = (48, 36)
DEEP = 16
TILE = {"tile": True, "tile_width": 16, "tile_height": 16}


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A valid file, and how many of its last bytes may be missing."""

    name: str
    data: bytes = field(repr=False)
    spare_bytes: int

    @property
    def cuts(self) -> range:
        """Return some forty lengths at which the file is truncated, the longest first."""
        longest = len(self.data) - self.spare_bytes - 1
        return range(longest, 0, -max(1, longest // 40))


def _vips(save: str, *, bands: int = 3, bits: int = 8, **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        picture = pyvips.Image.new_from_memory(
            images.detail(SIZE).tobytes(), *SIZE, 3, "uchar"
        ).copy(interpretation="srgb")
        if bands != picture.bands:
            picture = picture.bandjoin(picture[0])
        if bits == DEEP:
            picture = picture.colourspace("rgb16")
        return bytes(getattr(picture, save)(**options))

    return make


def _apng() -> bytes:
    """Return three frames: a whole one, and two parts that are drawn over it and cleared."""
    frames = [
        apng.Frame(images.detail(SIZE).tobytes(), *SIZE),
        apng.Frame(images.detail((20, 10)).tobytes(), 20, 10, 5, 3, disposal=apng.CLEAR),
        apng.Frame(images.detail((9, 9)).tobytes(), 9, 9, 1, 1, blend=apng.OVER),
    ]
    return apng.apng(SIZE, frames, colour=apng.RGB)


def _small_gif() -> bytes:
    """Return two frames that libvips does not compose: they do not fill their canvas."""
    frames = [
        gif.Frame([5, 6, 7, 8] * 40, 16, 10, disposal=each) for each in (gif.CLEAR, gif.KEEP)
    ]
    return gif.of((18, 12), *frames)


def _avif_sequence() -> bytes:
    frames = [images.detail(SIZE, seed=seed) for seed in (1, 2)]
    return images.saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], quality=60)


def _heic_by_exif() -> bytes:
    picture = images.detail((64, 64))
    picture.info["exif"] = images.exif(6).tobytes()
    return as_stored(picture).replace(b"miaf", b"mif2", 1)


def _avif_to_repair() -> bytes:
    """Return an AVIF with premultiplied colours, and alpha of limited range that is not turned."""
    picture = heif.avif(images.detail((64, 64)))
    alpha = heif.limited_avif_plane(images.with_alpha((64, 64)).getchannel("A"))
    return heif.file(picture, alpha, said=[heif.rotation(1)], is_premultiplied=True)


def _rle_bmp() -> bytes:
    """Return eight lines in runs of 8 bits: long runs, single pixels, a move, and plain lines."""
    line = b"\x0c\1\4\2\0\0"
    body = line + b"\0\x10" + bytes([0, 1, 2, 3] * 4) + b"\0\0" + b"\0\2\4\1" + line * 5
    palette = bytes([0, 0, 0, 0, 40, 60, 200, 0, 0, 255, 0, 0, 255, 255, 255, 0])
    return images_by_hand.bmp(body + b"\0\1", size=(16, 8), bits=8, compression=1, palette=palette)


def _described_png() -> bytes:
    """Return a PNG with numbers, a gamma and primaries for its colours, and an orientation."""
    primaries = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    return images_by_hand.plain_png(
        (200, 120, 90),
        (b"cICP", bytes((12, 13, 0, 1))),
        (b"cHRM", primaries),
        (b"gAMA", struct.pack(">I", 50_000)),
        (b"eXIf", images.exif(6).tobytes().removeprefix(b"Exif\0\0")),
    )


def _mixed_webp() -> bytes:
    """Return three frames with alpha, lossy and lossless, of which two are smaller parts."""
    frames = [images.with_alpha(SIZE, seed=1) for _ in range(3)]
    frames[1].paste((200, 60, 40, 128), (8, 8, 24, 20))
    frames[2].paste((0, 0, 0, 0), (30, 4, 40, 30))
    return images.saved(
        frames[0],
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        allow_mixed=True,
        minimize_size=True,
    )


def _grid_avif() -> bytes:
    return iso.grid(images.avif((64, 64)), 64, 2, 1)


def _planar_tiff() -> bytes:
    plane = images_by_hand.SIDE**2
    strips = (images_by_hand.LONG, (0, plane, 2 * plane))
    fields = {
        284: (images_by_hand.SHORT, (2,)),
        images_by_hand.STRIPS: strips,
        279: (images_by_hand.LONG, (plane,) * 3),
    }
    return images_by_hand.tiff(bytes(range(256)) * 3, fields)


def _fax(is_group_4: bool) -> Callable[[], bytes]:  # noqa: FBT001 - one of two encodings
    def make() -> bytes:
        lines = [fax.FIRST, *[fax.SAME] * 35]
        return fax.group_4(lines, 36) if is_group_4 else fax.group_3([fax.GOOD] * 36, 36)

    return make


_MAKERS: dict[str, tuple[Callable[[], bytes], int]] = {
    # libvips needs no end marker after the last block.
    "baseline jpeg": (lambda: images.jpeg(SIZE), 2),
    "progressive jpeg": (lambda: images.jpeg(SIZE, progressive=True), 2),
    "cmyk jpeg": (lambda: images.jpeg(SIZE, mode="CMYK"), 2),
    "jpeg with metadata": (lambda: images.oriented_jpeg(6, SIZE), 2),
    "jpeg with a profile": (lambda: images.wide_gamut_jpeg(size=SIZE), 2),
    "jpeg with restart markers": (
        lambda: images.saved(images.detail(SIZE), "JPEG", restart_marker_blocks=2),
        2,
    ),
    "grey jpeg": (lambda: images.saved(images.detail(SIZE).convert("L"), "JPEG"), 2),
    "png": (lambda: images.png(SIZE), 12),
    "1 bit png": (lambda: images.saved(images.detail(SIZE).convert("1"), "PNG"), 12),
    "png with described colours": (_described_png, 12),
    "interlaced png": (_vips("pngsave_buffer", interlace=True), 12),
    "palette png": (lambda: images.palette_png(SIZE), 12),
    "alpha png": (lambda: images.alpha_png(SIZE), 12),
    "16 bit png": (lambda: images.deep_png(SIZE), 12),
    "animated png": (_apng, 12),
    # A GIF needs neither trailer nor terminator, and not the code that ends its pixels.
    "gif": (lambda: images.animated_gif(SIZE, frames=1), 4),
    "animated gif": (lambda: images.animated_gif(SIZE, frames=3), 4),
    "gif of small frames": (_small_gif, 4),
    "webp": (lambda: images.webp(SIZE), 0),
    "lossless webp": (_vips("webpsave_buffer", lossless=True, effort=0), 0),
    "alpha webp": (_vips("webpsave_buffer", bands=4, effort=0), 0),
    "animated webp": (lambda: images.animated_webp(SIZE, frames=3), 0),
    "webp of mixed frames": (_mixed_webp, 0),
    "avif": (lambda: images.avif(SIZE), 0),
    "avif with a sequence": (_avif_sequence, 0),
    "alpha avif": (_vips("heifsave_buffer", bands=4, compression="av1", effort=0), 0),
    "grid avif": (_grid_avif, 0),
    "deep avif": (_vips("heifsave_buffer", compression="av1", effort=0, bitdepth=10), 0),
    "heic": (lambda: heic(images.detail((64, 64))), 0),
    "heic turned by EXIF": (_heic_by_exif, 0),
    "avif whose alpha is not turned": (_avif_to_repair, 0),
    "grid heic": (lambda: grid_heic((128, 80)), 0),
    "alpha heic": (lambda: heic(images.with_alpha((64, 64))), 0),
    "deep heic": (lambda: deep_heic((200, 120, 90), (64, 64)), 0),
    "bmp": (lambda: images.saved(images.detail(SIZE), "BMP"), 0),
    # Neither the end of the last line nor that of the picture.
    "palette bmp": (lambda: images.saved(images.detail(SIZE).quantize(16), "BMP"), 0),
    "bmp in runs": (_rle_bmp, 4),
    "jpeg with hostile EXIF": (HOSTILE["JPEG, EXIF, directories in a circle"].make, 2),
    "webp with hostile EXIF": (HOSTILE["WebP, EXIF, directories in a circle"].make, 0),
    "png with hostile EXIF": (HOSTILE["PNG, EXIF, directories in a circle"].make, 12),
    "tiff": (_vips("tiffsave_buffer"), 0),
    "tiff of many strips": (
        lambda: images.saved(images.detail(SIZE), "TIFF", strip_size=3 * 48 * 4),
        0,
    ),
    "tiled tiff": (_vips("tiffsave_buffer", **TILE), 0),
    "lzw tiff": (_vips("tiffsave_buffer", compression="lzw", predictor="horizontal"), 0),
    "jpeg tiff": (_vips("tiffsave_buffer", compression="jpeg"), 0),
    "tiled jpeg tiff": (_vips("tiffsave_buffer", compression="jpeg", **TILE), 0),
    "deflated tiles tiff": (_vips("tiffsave_buffer", compression="deflate", **TILE), 0),
    "packbits tiff": (_vips("tiffsave_buffer", compression="packbits"), 0),
    # A TIFF needs no padding of its last value, no next directory, and no offset of one.
    "big tiff": (_vips("tiffsave_buffer", bigtiff=True, compression="lzw"), 10),
    "alpha tiff": (_vips("tiffsave_buffer", bands=4, compression="deflate"), 0),
    "palette tiff": (lambda: images.saved(images.detail(SIZE).quantize(32), "TIFF"), 0),
    "group 3 fax tiff": (_fax(is_group_4=False), 4),
    "group 4 fax tiff": (_fax(is_group_4=True), 4),
    "tiff of planes": (_planar_tiff, 0),
    "tiff of three pages": (lambda: tiff.document(3), 258),
    "16 bit tiff": (_vips("tiffsave_buffer", bits=16, compression="deflate"), 0),
}


@cache
def seeds() -> tuple[SeedFile, ...]:
    """Return one valid file of each variety that is rendered."""
    return tuple(SeedFile(name, make(), spare) for name, (make, spare) in _MAKERS.items())
