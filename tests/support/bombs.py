"""Decompression bombs, and the CPU and memory that refusing or rendering each of them takes.

`python -m tests.support.bombs` prints the table that docs/settings.md shows.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import Job
from shared.model.errors import Cause, Failure
from shared.model.limits import MEBIBYTE, Limits
from tests.imaging.children import SMALL_JOB, rendered
from tests.support import images
from tests.support.hand import apng, gif, iso, jpeg, png, tiff, webp
from tests.support.hand.flat import zeros

GIGABYTE = 1 << 30
KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Bomb:
    """One bomb, and the cause for which it is refused; `None` if it is rendered."""

    make: Callable[[], bytes]
    cause: Cause | None


def _tile() -> bytes:
    return images.avif((256, 256))


PIXELS, FRAMES, COST = Cause.TOO_MANY_PIXELS, Cause.TOO_MANY_FRAMES, Cause.TOO_COSTLY
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"/>'
LONG_SIDE = 100_000_000

_OF_PIXELS: dict[str, Bomb] = {
    "PNG, 1 bit, 30000x30000": Bomb(
        lambda: png.png(30_000, 30_000, bits=1, colour=png.GREY), PIXELS
    ),
    "PNG, 20000x20000": Bomb(lambda: png.png(20_000, 20_000), PIXELS),
    "PNG, interlaced, 8000x8000": Bomb(lambda: png.png(8000, 8000, interlaced=True), None),
    "PNG, interlaced, 16 bits, 9000x9000": Bomb(
        lambda: png.png(9000, 9000, bits=16, interlaced=True), COST
    ),
    "PNG, sides of 2^31 - 1": Bomb(lambda: png.png(2**31 - 1, 2**31 - 1, body=zeros(100)), PIXELS),
    "PNG, sides of 2^31": Bomb(lambda: png.png(2**31, 2**31, body=zeros(100)), Cause.CORRUPT),
    "PNG, one row of 10^8": Bomb(lambda: png.png(LONG_SIDE, 1, bits=1, colour=png.GREY), PIXELS),
    "PNG, one column of 10^8": Bomb(
        lambda: png.png(1, LONG_SIDE, bits=1, colour=png.GREY), PIXELS
    ),
    "PNG, no width": Bomb(lambda: png.png(0, 10), Cause.CORRUPT),
    "JPEG, 8000x8000": Bomb(lambda: jpeg.flat(8000, 8000, components=3), None),
    "JPEG, progressive, 8000x8000": Bomb(lambda: jpeg.progressive(8000, 8000, components=3), None),
    "JPEG, progressive, 30000x30000": Bomb(
        lambda: jpeg.progressive(30_000, 30_000, components=3), PIXELS
    ),
    "JPEG, 65535 pixels high": Bomb(lambda: jpeg.flat(1, 65_535), Cause.UNSUPPORTED_FORMAT),
    "JPEG, no height": Bomb(lambda: jpeg.flat(100, 0), Cause.CORRUPT),
    "JPEG, 65500x65500, no scan": Bomb(lambda: jpeg.jpeg(65_500, 65_500), Cause.CORRUPT),
    "AVIF, 8000x8000": Bomb(iso.black_8000, COST),
    "AVIF, grid of 15x15": Bomb(lambda: iso.grid(_tile(), 256, 15, 15), None),
    "AVIF, grid of 255x255": Bomb(lambda: iso.grid(_tile(), 256, 255, 255), Cause.TOO_COSTLY),
    "AVIF, grid 100 times its tiles": Bomb(
        lambda: iso.grid(_tile(), 256, 2, 2, times=100), PIXELS
    ),
    "WebP, 16383x16383": Bomb(lambda: webp.still(16_383, 16_383), COST),
    "WebP, canvas of 10000x10000": Bomb(lambda: webp.moving(10_000, 10_000, 1, side=1), COST),
    "WebP, canvas of 16777216x16777216": Bomb(
        lambda: webp.moving(1 << 24, 1 << 24, 2, side=1), Cause.CORRUPT
    ),
    "GIF, canvas of 65535x65535": Bomb(lambda: gif.gif(65_535, 65_535, frames=300), PIXELS),
    "GIF, no size": Bomb(lambda: gif.gif(0, 0), None),
    "TIFF, strips, 20000x20000": Bomb(lambda: tiff.tiff(20_000), PIXELS),
    "TIFF, tiles, 20000x20000": Bomb(lambda: tiff.tiff(20_000, tile=256), PIXELS),
    "TIFF, 1000 bands": Bomb(lambda: tiff.tiff(1000, rows=1000, planes=1000), COST),
    "SVG, 100000x100000": Bomb(lambda: SVG, Cause.UNSUPPORTED_FORMAT),
}
_OF_PARTS: dict[str, Bomb] = {
    "PNG, profile of 1 GB": Bomb(
        lambda: png.with_chunks(b"iCCP", b"x\0\0" + zeros(GIGABYTE)), None
    ),
    "PNG, text of 1 GB": Bomb(lambda: png.with_chunks(b"zTXt", b"x\0\0" + zeros(GIGABYTE)), None),
    "PNG, 1000 texts of 8 MB": Bomb(
        lambda: png.with_chunks(b"iTXt", b"x\0\1\0\0\0" + zeros(7_900_000), count=1000), None
    ),
    "PNG, 1000000 chunks": Bomb(lambda: png.with_chunks(b"abCd", b"", count=1_000_000), COST),
    "PNG, 64x64 with 20 GB of pixels": Bomb(
        lambda: png.png(64, 64, body=zeros(20 * GIGABYTE)), COST
    ),
    "APNG, 400 frames of 2000x2000": Bomb(lambda: apng.flat(2000, 2000, 400), None),
    "APNG, 100000 frames of a pixel": Bomb(lambda: apng.flat(1, 1, 100_000), COST),
    "APNG, 300 frames of a pixel on 20000x20000": Bomb(
        lambda: apng.flat(20_000, 20_000, 300, side=1), PIXELS
    ),
    "APNG, 64x64 with 20 GB in each frame": Bomb(
        lambda: apng.flat(64, 64, 2, stream=zeros(20 * GIGABYTE)), COST
    ),
    "JPEG, 90 scans of 5000x5000": Bomb(
        lambda: jpeg.progressive(5000, 5000, components=3, scans=90), None
    ),
    "JPEG, 5000 scans of 8000x8000": Bomb(
        lambda: jpeg.progressive(8000, 8000, components=3, scans=5000), COST
    ),
    "JPEG, 10 MB of EXIF": Bomb(
        lambda: jpeg.with_segments(0xE1, b"Exif\0\0MM\0*" + bytes(65_000), 160), None
    ),
    "JPEG, 100000 comments": Bomb(lambda: jpeg.with_segments(0xFE, b"x", 100_000), COST),
    "GIF, 400000 frames of a pixel": Bomb(lambda: gif.gif(1, 1, frames=400_000), FRAMES),
    "GIF, 4000000 blocks of a byte": Bomb(lambda: gif.with_blocks(4_000_000), COST),
    "WebP, 400 frames of 2000x2000": Bomb(lambda: webp.moving(2000, 2000, 400), None),
    "WebP, 100000 frames of a pixel": Bomb(lambda: webp.moving(1, 1, 100_000), FRAMES),
    "TIFF, directories in a circle": Bomb(tiff.circle, None),
    "TIFF, 20000 pages": Bomb(lambda: tiff.document(20_000), FRAMES),
}
BOMBS = _OF_PIXELS | _OF_PARTS
WARMERS = (images.jpeg, images.png, images.animated_gif, images.animated_webp, images.avif)


@dataclass(frozen=True, slots=True)
class Work:
    """The CPU and memory that one source took in a child."""

    failure: Failure | None
    cpu_seconds: float
    grown_bytes: int


def warm_child() -> RenderChild:
    """Return a child that has loaded all codecs, so that their start does not count."""
    child = RenderChild(Limits().memory_bytes)
    for make in WARMERS:
        rendered(child, make())
    return child


def work(child: RenderChild, source: bytes, job: Job = SMALL_JOB) -> Work:
    """Return the work of a child for a source, with the failure if it is refused."""
    held, clock = _most_resident(child.pid, forget=True), _cpu_clock(child.pid)
    before, failure = time.clock_gettime(clock), None
    try:
        rendered(child, source, job)
    except Failure as caught:
        failure = caught
    if not child.is_alive():
        return Work(failure, float("inf"), sys.maxsize)
    return Work(failure, time.clock_gettime(clock) - before, _most_resident(child.pid) - held)


def _cpu_clock(pid: int) -> int:
    """Return the CPU clock of a process and all its threads: man 3 clock_getcpuclockid."""
    return (~pid << 3) | 2


def _most_resident(pid: int, *, forget: bool = False) -> int:
    if forget:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # man 5 proc: resets VmHWM
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(KIBIBYTE * int(row.split()[1]) for row in rows if row.startswith("VmHWM:"))


def main() -> None:
    """Print a table of every bomb: name, bytes, outcome, milliseconds and megabytes."""
    sys.stdout.write("| file | bytes | outcome | CPU ms | MB |\n|---|---|---|---|---|\n")
    for name, bomb in BOMBS.items():
        source, child = bomb.make(), warm_child()
        found = work(child, source)
        child.stop()
        outcome = f"{found.failure.cause}" if found.failure else "rendered"
        sys.stdout.write(
            f"| {name} | {len(source):,} | {outcome} |"
            f" {found.cpu_seconds * 1000:.0f} | {found.grown_bytes / MEBIBYTE:.0f} |\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
