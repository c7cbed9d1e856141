"""Where the strips or tiles of a TIFF are, and whether they can hold all of its pixels.

TIFF 6.0, sections 3 (strips) and 15 (tiles):
https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add, lt, sub

from shared.imaging.formats.containers import TiffLayout
from shared.imaging.formats.tiff_directory import (
    BITS,
    COMPRESSION,
    HEIGHT,
    MAX_VALUES,
    NOT_COMPRESSED,
    PLANAR,
    ROWS_PER_STRIP,
    SEPARATE,
    STRIP_BYTES,
    STRIP_OFFSETS,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    Directory,
    samples,
)
from shared.model.errors import TooCostly, Truncated

HEADER_BYTES, BIG_HEADER_BYTES = 8, 16
STAGE = "probe"


@dataclass(frozen=True, slots=True)
class Parts:
    """The strips or tiles that an image needs: their places and lengths as declared.

    `sizes` are the bytes of each part that is not compressed, or after it was decompressed.
    `offsets` and `lengths` have fewer values if the file declares fewer.
    """

    name: str
    sizes: Sequence[int]
    offsets: Sequence[int]
    lengths: Sequence[int]
    is_compressed: bool

    @property
    def number(self) -> int:
        """Return how many parts the image needs."""
        return len(self.sizes)


def parts(first: Directory) -> Parts:
    """Return the parts of an image.

    Raises one of `BAD_OFFSET` if its tables are not whole, and `TooCostly` for more than
    `MAX_VALUES` parts.
    """
    # libtiff reads tiles if their size is declared, wherever their places are.
    is_tiled = TILE_WIDTH in first.fields or TILE_HEIGHT in first.fields
    sizes = _tiles(first) if is_tiled else _strips(first)
    offsets = first.values(TILE_OFFSETS) or first.values(STRIP_OFFSETS)
    lengths = first.values(TILE_BYTES) or first.values(STRIP_BYTES)
    compression = first.value(COMPRESSION, NOT_COMPRESSED)
    return Parts(
        "tiles" if is_tiled else "strips",
        sizes,
        offsets[: len(sizes)],
        lengths[: len(sizes)],
        is_compressed=compression != NOT_COMPRESSED,
    )


def read_lengths(found: Parts, data: bytes) -> Sequence[int]:
    """Return how many bytes to read of each part.

    Those of samples that are not compressed follow from their size. A part without a declared
    length ends where the next begins, or with the file if they are not in order.
    """
    if not found.is_compressed:
        return found.sizes
    if found.lengths:
        return found.lengths
    gaps = list(map(sub, [*found.offsets[1:], len(data)], found.offsets))
    return gaps if min(gaps, default=1) > 0 else [max(0, len(data) - at) for at in found.offsets]


def refuse_missing_parts(first: Directory) -> None:
    """Raise `Truncated` if a strip or a tile is not in the file, or is too short.

    Raises `TooCostly` if the parts are longer together than the pixels and the file: each byte may
    belong to thousands of them.
    """
    found, data = parts(first), first.data
    if not found.number:
        return  # no size: libtiff says so
    if len(found.offsets) < found.number:
        raise Truncated(
            f"Expected a TIFF of {found.number} {found.name}, got {len(found.offsets)}.",
            stage=STAGE,
        )
    header = BIG_HEADER_BYTES if TiffLayout.of(data).is_big else HEADER_BYTES
    is_taken = not set(range(first.start, first.end)).isdisjoint(found.offsets)
    if min(found.offsets) < header or is_taken:
        raise Truncated(
            f"Expected a TIFF with pixels in all {found.name}, got one at no place of its own.",
            stage=STAGE,
        )
    _refuse_short(found)
    read = read_lengths(found, data)
    declared = max(map(add, found.offsets, read))
    if declared > len(data):
        raise Truncated(
            f"Expected a TIFF of at least {declared} bytes, got {len(data)}.", stage=STAGE
        )
    if sum(read) > 2 * sum(found.sizes) + len(data):
        raise TooCostly(
            f"Expected {found.name} of at most twice their pixels, got {sum(read)} bytes.",
            stage=STAGE,
        )


def _refuse_short(found: Parts) -> None:
    needed = [1] * found.number if found.is_compressed else found.sizes
    if 0 < len(found.lengths) < found.number:
        raise Truncated(
            f"Expected a TIFF with {found.number} lengths of {found.name}, "
            f"got {len(found.lengths)}.",
            stage=STAGE,
        )
    if any(map(lt, found.lengths, needed)):
        pairs = zip(found.lengths, needed, strict=False)
        has, wants = next(pair for pair in pairs if pair[0] < pair[1])
        raise Truncated(
            f"Expected a TIFF with {found.name} of at least {wants} bytes, got one of {has}.",
            stage=STAGE,
        )


def _strips(first: Directory) -> Sequence[int]:
    """Return the bytes that each strip has if it is not compressed."""
    width, height = first.value(WIDTH, 0), first.value(HEIGHT, 0)
    rows = min(height, first.value(ROWS_PER_STRIP, 0) or height)
    if not width or not rows:
        return ()
    planes, in_plane = _planes(first)
    full, rest = divmod(height, rows)
    _refuse_many(planes * (full + 1))
    row_bytes = _row_bytes(first, width, in_plane)
    return ([rows * row_bytes] * full + [rest * row_bytes] * bool(rest)) * planes


def _tiles(first: Directory) -> Sequence[int]:
    width, height = first.value(TILE_WIDTH, 0), first.value(TILE_HEIGHT, 0)
    if not width or not height:
        return ()
    planes, in_plane = _planes(first)
    across, down = -(-first.value(WIDTH, 0) // width), -(-first.value(HEIGHT, 0) // height)
    _refuse_many(planes * across * down)
    return [height * _row_bytes(first, width, in_plane)] * (planes * across * down)


def _planes(first: Directory) -> tuple[int, int]:
    """Return the number of planes, and the samples of a pixel in each of them."""
    count = samples(first)
    return (count, 1) if first.value(PLANAR, 1) == SEPARATE else (1, count)


def _row_bytes(first: Directory, width: int, in_plane: int) -> int:
    return -(-width * in_plane * first.value(BITS, 1) // 8)


def _refuse_many(number: int) -> None:
    if number > MAX_VALUES:
        raise TooCostly(f"Expected at most {MAX_VALUES} strips or tiles, got more.", stage=STAGE)
