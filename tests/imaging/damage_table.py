"""What becomes of damaged files: `python -m tests.imaging.damage_table` prints the table.

docs/decoding.md shows it. Each file is damaged at a random place behind its header, and what is
published is compared with what the intact file becomes, row by row.
"""

import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pyvips
from PIL import Image, ImageChops, ImageSequence

from shared.imaging.render import Encoded, render
from shared.model.errors import Failure
from shared.model.limits import Limits
from tests.imaging.rendering import EXACT
from tests.support import images, images_by_hand
from tests.support.images import saved
from tests.support.images_heic import grid_heic, heic

SIZE = (320, 240)
FILES_OF_EACH = 60
# The header and, in TIFFs of libvips and Pillow, nothing else is before this share of a file; the
# directory is at the end.
BEGIN, END = 0.1, 0.95
OUTCOMES = ("refused", "right", "nearly", "wrong")
VISIBLE, ROW_SHARE, MANY_ROWS = 24, 0.05, 0.1

Damage = Callable[[bytes, int, Random], bytes]


def _photo(**options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        flat = pyvips.Image.new_from_memory(images.detail(SIZE).tobytes(), *SIZE, 3, "uchar")
        return bytes(flat.copy(interpretation="srgb").tiffsave_buffer(**options))

    return make


def _fax() -> bytes:
    coarse = images.detail(SIZE).convert("L").resize((80, 60)).resize(SIZE)
    return saved(coarse.convert("1", dither=Image.Dither.NONE), "TIFF", compression="group4")


def _run_lengths() -> bytes:
    """Return a BMP of 8 bits whose rows are runs of four pixels."""
    grey = images.detail(SIZE).convert("L").resize((SIZE[0] // 4, SIZE[1]))
    rows = (
        b"".join(bytes((4, pixel)) for pixel in grey.crop((0, y, grey.width, y + 1)).tobytes())
        for y in reversed(range(grey.height))
    )
    body = b"".join(row + b"\0\0" for row in rows) + b"\0\1"
    palette = b"".join(bytes((level, level, level, 0)) for level in range(256))
    return images_by_hand.bmp(body, size=SIZE, bits=8, compression=1, palette=palette)


FILES: dict[str, Callable[[], bytes]] = {
    "GIF": lambda: saved(images.detail(SIZE).quantize(256), "GIF"),
    "GIF, moving": lambda: images.animated_gif((160, 120), frames=3),
    "PNG": lambda: images.png(SIZE),
    "WebP, lossy": lambda: images.webp(SIZE),
    "WebP, lossless": lambda: saved(images.detail(SIZE), "WEBP"),
    "AVIF": lambda: images.avif(SIZE),
    "HEIC": lambda: heic(images.detail(SIZE), quality=80, chroma="420"),
    "HEIC, tiles": lambda: grid_heic(SIZE),
    "TIFF, not compressed": _photo(),
    "TIFF, LZW": _photo(compression="lzw"),
    "TIFF, deflate": _photo(compression="deflate"),
    "TIFF, PackBits": _photo(compression="packbits"),
    "TIFF, JPEG in strips": _photo(compression="jpeg"),
    "TIFF, JPEG in tiles": _photo(compression="jpeg", tile=True),
    "TIFF, fax group 4": _fax,
    "BMP": lambda: saved(images.detail(SIZE), "BMP"),
    "BMP, runs": _run_lengths,
}


def _shortened(data: bytes, at: int, random: Random) -> bytes:
    return data[:at] + data[at + random.randint(1, 200) :]


def _flipped(data: bytes, at: int, random: Random) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _changed(data: bytes, at: int, random: Random) -> bytes:
    noise = random.randbytes(random.randint(1, 100))
    return data[:at] + noise + data[at + len(noise) :]


DAMAGES: dict[str, Damage] = {
    "cut": lambda data, at, _: data[:at],
    "zeros to the end": lambda data, at, _: data[:at] + bytes(len(data) - at),
    "100 zeros": lambda data, at, _: data[:at] + bytes(100) + data[at + 100 :],
    "1-200 bytes deleted": _shortened,
    "1-100 bytes changed": _changed,
    "a bit flipped": _flipped,
}


def published(data: bytes) -> list[Image.Image] | None:
    """Return the frames that a file becomes; None if it is refused."""
    try:
        (file,) = (each for each in render(data, EXACT, Limits()) if isinstance(each, Encoded))
    except Failure:
        return None
    frames = ImageSequence.Iterator(Image.open(io.BytesIO(file.data)))
    return [frame.convert("RGB") for frame in frames]


def wrong_rows(wanted: list[Image.Image], found: list[Image.Image]) -> float:
    """Return the share of rows that visibly differ."""
    if [each.size for each in wanted] != [each.size for each in found]:
        return 1.0
    rows = [_is_wrong(row) for pair in zip(wanted, found, strict=True) for row in _rows(*pair)]
    return sum(rows) / len(rows)


def _rows(wanted: Image.Image, found: Image.Image) -> Iterator[Image.Image]:
    difference = ImageChops.difference(wanted, found).convert("L")
    for y in range(difference.height):
        yield difference.crop((0, y, difference.width, y + 1))


def _is_wrong(row: Image.Image) -> bool:
    return sum(row.histogram()[VISIBLE:]) > ROW_SHARE * row.width


def outcomes(make: Callable[[], bytes], damage: Damage, seed: str) -> Counter[str]:
    """Return how many damaged files are refused, right, and wrong in less or more rows."""
    data, found = make(), Counter[str]()
    intact = published(data)
    if intact is None:
        raise ValueError("Expected an intact file that is rendered.")
    random = Random(seed)  # noqa: S311 - the same files each time
    for _ in range(FILES_OF_EACH):
        at = round(random.uniform(BEGIN, END) * len(data))
        frames = published(damage(data, at, random))
        if frames is None:
            found["refused"] += 1
        else:
            share = wrong_rows(intact, frames)
            found["wrong" if share >= MANY_ROWS else "nearly" if share else "right"] += 1
    return found


def main() -> None:
    """Print a Markdown table: refused / right / wrong in under 10 % of rows / wrong in more."""
    chosen = sys.argv[1:] or list(FILES)
    print("|", " | ".join(("file", *DAMAGES)), "|")  # noqa: T201
    print("|---|" + "--:|" * len(DAMAGES))  # noqa: T201
    for name in chosen:
        cells = []
        for kind, damage in DAMAGES.items():
            found = outcomes(FILES[name], damage, f"{name} {kind}")
            cells.append(
                "/".join(str(found[key]) for key in ("refused", "right", "nearly", "wrong"))
            )
        print("|", " | ".join((name, *cells)), "|", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
