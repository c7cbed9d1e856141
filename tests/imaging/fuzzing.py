"""The valid files that the fuzz tests break, and a real render child to render the results."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pyvips
from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.model.codec import Codec
from shared.model.errors import Failure
from shared.model.geometry import Size
from shared.model.limits import MEBIBYTE, Limits
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.renditions import plan_renditions
from tests.support import images
from tests.support.hand import apng, gif, heif
from tests.support.hostile_metadata import HOSTILE
from tests.support.images_heic import as_stored, heic

SIZE = (48, 36)
DEEP = 16
TIME_LIMIT_SECONDS = 20.0
# Small limits, so that cases with larger dimensions are refused and do not take seconds.
LIMITS = Limits(max_pixels=1_000_000, max_frames=50, memory_bytes=400 * MEBIBYTE)
QUICK: dict[str, int] = {Codec.WEBP: 0, Codec.JPEG: 0, Codec.PNG: 1, Codec.GIF: 1}
RECIPE = Recipe(
    "fuzz",
    (Variant("w24", (Slot.WEBP, Slot.FALLBACK), width=24, effort=QUICK),),
    placeholder=False,
)


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A valid file, and how many of its last bytes may be missing."""

    name: str
    data: bytes
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


def _bmp() -> bytes:
    buffer = io.BytesIO()
    images.detail(SIZE).save(buffer, "BMP")
    return buffer.getvalue()


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


_MAKERS: dict[str, tuple[Callable[[], bytes], int]] = {
    # libvips needs no end marker after the last block.
    "baseline jpeg": (lambda: images.jpeg(SIZE), 2),
    "progressive jpeg": (lambda: images.jpeg(SIZE, progressive=True), 2),
    "cmyk jpeg": (lambda: images.jpeg(SIZE, mode="CMYK"), 2),
    "jpeg with metadata": (lambda: images.oriented_jpeg(6, SIZE), 2),
    "jpeg with a profile": (lambda: images.wide_gamut_jpeg(size=SIZE), 2),
    "png": (lambda: images.png(SIZE), 12),
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
    "avif": (lambda: images.avif(SIZE), 0),
    "avif with a sequence": (_avif_sequence, 0),
    "alpha avif": (_vips("heifsave_buffer", bands=4, compression="av1", effort=0), 0),
    "heic": (lambda: heic(images.detail((64, 64))), 0),
    "heic turned by EXIF": (_heic_by_exif, 0),
    "avif whose alpha is not turned": (_avif_to_repair, 0),
    "bmp": (_bmp, 0),
    "jpeg with hostile EXIF": (HOSTILE["JPEG, EXIF, directories in a circle"].make, 2),
    "webp with hostile EXIF": (HOSTILE["WebP, EXIF, directories in a circle"].make, 0),
    "png with hostile EXIF": (HOSTILE["PNG, EXIF, directories in a circle"].make, 12),
    "tiff": (_vips("tiffsave_buffer"), 0),
    "tiled tiff": (_vips("tiffsave_buffer", tile=True, tile_width=16, tile_height=16), 0),
    "lzw tiff": (_vips("tiffsave_buffer", compression="lzw", predictor="horizontal"), 0),
    "jpeg tiff": (_vips("tiffsave_buffer", compression="jpeg"), 0),
    "16 bit tiff": (_vips("tiffsave_buffer", bits=16, compression="deflate"), 0),
}


def seeds() -> tuple[SeedFile, ...]:
    """Return one valid file of each variety that is rendered."""
    return tuple(SeedFile(name, make(), spare) for name, (make, spare) in _MAKERS.items())


class Outcomes:
    """A render child, replaced when it was killed, and a check of its files."""

    def __init__(self) -> None:
        self._child = RenderChild(LIMITS.memory_bytes)

    def of(self, source: bytes) -> DoneFrame | Failure:
        """Return the outcome of a render; another library opens every file."""
        if not self._child.is_alive():
            self._child = RenderChild(LIMITS.memory_bytes)
        files: list[tuple[VariantFrame, bytes]] = []
        try:
            for reply in self._child.render(
                source, Job(RECIPE, LIMITS), time_limit_seconds=TIME_LIMIT_SECONDS
            ):
                if isinstance(reply, DoneFrame):
                    _look_at(files, reply)
                    return reply
                files.append(reply)
        except Failure as failure:
            return failure
        raise AssertionError("a child's answers end with DoneFrame")

    def close(self) -> None:
        self._child.stop()


def _look_at(files: list[tuple[VariantFrame, bytes]], done: DoneFrame) -> None:
    (rendition,) = plan_renditions(RECIPE, Size(done.facts.width, done.facts.height))
    canvas = (rendition.fitted.canvas.width, rendition.fitted.canvas.height)
    assert [frame.slot for frame, _ in files] == [Slot.FALLBACK, Slot.WEBP]
    for frame, data in files:
        picture = Image.open(io.BytesIO(data))
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
        assert picture.size == (frame.width, frame.height) == canvas
        assert picture.format is not None
        assert picture.format.lower() == frame.codec
