"""Writes the demo's sample images, and the corrupt image of each run.

Each sample covers one case: a large photograph, an EXIF orientation, 16 bits per channel,
transparency, animation. Their names contain the characters that programs most often encode wrongly
in keys.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image

from scripts.demo import paintings

ORIENTATION = 0x0112
TURN_CLOCKWISE = 6  # https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E
FRAME_MILLISECONDS = 80
# The share of the JPEG's bytes that is kept: its header and some rows, as after a broken copy.
SHARE_KEPT = 0.4


def write_samples(folder: Path, *, scale: float = 1.0) -> tuple[Path, ...]:
    """Write the sample images, the same bytes at each run, and return their paths."""
    with ThreadPoolExecutor(max_workers=2) as pool:  # Pillow releases the GIL while it paints
        images = pool.map(lambda paint: paint(scale), _SAMPLES.values())
        return tuple(
            _written(folder / name, data) for name, data in zip(_SAMPLES, images, strict=True)
        )


def corrupt_jpeg() -> bytes:
    """Return a truncated JPEG: its header is complete, its pixels are not."""
    complete = _jpeg(paintings.landscape(_seeded(6), (1200, 800), paintings.DUSK))
    return complete[: int(len(complete) * SHARE_KEPT)]


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same picture at each run


def _size(width: int, height: int, scale: float) -> tuple[int, int]:
    return round(width * scale), round(height * scale)


def _lake(scale: float) -> bytes:
    return _jpeg(paintings.landscape(_seeded(1), _size(3600, 2400, scale), paintings.DAWN))


def _moonrise(scale: float) -> bytes:
    upright = paintings.landscape(_seeded(2), _size(2000, 3000, scale), paintings.DUSK)
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_CLOCKWISE
    return _jpeg(upright.transpose(Image.Transpose.ROTATE_90), exif=exif.tobytes())


def _marbles(scale: float) -> bytes:
    return _saved(paintings.bubbles(_seeded(3), _size(1800, 1350, scale)), "PNG")


def _fog(scale: float) -> bytes:
    return _saved(paintings.fog(_seeded(4), _size(2400, 1350, scale)), "PNG", compress_level=3)


def _hills(scale: float) -> bytes:
    first, *others = paintings.rolling_hills(_seeded(5), _size(720, 405, scale))
    return _saved(
        first, "GIF", save_all=True, append_images=others, duration=FRAME_MILLISECONDS, loop=0
    )


def _jpeg(image: Image.Image, **options: object) -> bytes:
    return _saved(image, "JPEG", quality=92, **options)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    target = BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


_SAMPLES: Mapping[str, Callable[[float], bytes]] = {
    "mountains/lake at dawn.jpg": _lake,
    "mountains/moonrise (rotated by EXIF).jpg": _moonrise,
    "mountains/ridges in fog, für später (16 bit).png": _fog,
    "studio/100%25 glass 🔮.png": _marbles,
    "valley/rolling+hills.gif": _hills,
}
