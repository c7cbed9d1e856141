"""Encodes rungs at many qualities and efforts, and records bytes, CPU and score.

It runs in a process with a render child's environment, as `over_floor` does: one libvips thread. A
file is compared with the lossless rung that it was encoded from, both in sRGB; resizing is not
assessed here. Full rungs are encoded; only the middle of a large one is scored.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import pyvips

from shared.imaging.encoding.encode import Encoder, encode
from shared.imaging.vips import harden
from shared.model.codec import Codec
from tests.bench.cascade import engine_rungs
from tests.bench.knobs import KNOBS, SAVERS, Knob
from tests.bench.originals import middle
from tests.bench.score import Reference

WHITE = [255, 255, 255]


class Grid(msgspec.Struct, frozen=True):
    """A codec's qualities, and its efforts, each with the width of the widest rung to scan."""

    qualities: tuple[int, ...]
    efforts: Mapping[int, int]


class ScanJob(msgspec.Struct, frozen=True):
    """The input of one process; no rung starts after `deadline`, in seconds since 1970."""

    pictures: Mapping[str, str]
    widths: tuple[int, ...]
    grids: Mapping[Codec, Grid]
    knobs: bool
    deadline: float


class Point(msgspec.Struct, frozen=True):
    """One file: its settings, cost and score; `knob` is empty for the engine's own options."""

    picture: str
    width: int
    codec: Codec
    effort: int
    quality: int
    cpu_seconds: float
    bytes: int
    score: float
    knob: str = ""


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung in memory, and the reference of its files."""

    picture: str
    image: pyvips.Image
    reference: Reference
    scores: dict[bytes, float]

    def point(self, codec: Codec, quality: int, effort: int, knob: Knob | None = None) -> Point:
        """Encode once and score; files with equal pixels are scored once."""
        started = time.process_time()
        data = _encoded(self.image, codec, quality, effort, knob)
        spent = time.process_time() - started
        shown = middle(pyvips.Image.new_from_buffer(data, "")).copy_memory()
        pixels = sha256(shown.write_to_memory()).digest()
        if pixels not in self.scores:
            self.scores[pixels] = self.reference.score(shown)
        return Point(
            picture=self.picture,
            width=self.image.width,
            codec=codec,
            effort=effort,
            quality=quality,
            cpu_seconds=spent,
            bytes=len(data),
            score=self.scores[pixels],
            knob=knob.name if knob else "",
        )


def rungs(name: str, data: bytes, widths: tuple[int, ...]) -> Iterator[Rung]:
    """Yield the engine's rungs of a source; no rung is wider than the source."""
    for image in reversed(engine_rungs(data, widths)):
        opaque = image.flatten(background=WHITE).copy_memory() if image.hasalpha() else image
        if opaque.width in widths:
            yield Rung(name, opaque, Reference(middle(opaque)), {})


def scan(rung: Rung, grids: Mapping[Codec, Grid], *, knobs: bool) -> list[Point]:
    """Return the points of one rung, with the engine's options or with those of every knob."""
    if knobs:
        return [
            rung.point(knob.codec, quality, knob.effort, knob)
            for knob in KNOBS
            for quality in grids[knob.codec].qualities
        ]
    return [
        rung.point(codec, quality, effort)
        for codec, grid in grids.items()
        for effort, widest in grid.efforts.items()
        for quality in grid.qualities
        if rung.image.width <= widest
    ]


def main() -> None:
    """Do one job from standard input; print each rung on standard error.

    A picture that is not finished by the deadline is left out.
    """
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=ScanJob)
    harden()
    points: list[Point] = []
    for name, path in job.pictures.items():
        found: list[Point] = []
        for rung in rungs(name, Path(path).read_bytes(), job.widths):
            if time.time() > job.deadline:
                # Means over different pictures at each width would not be comparable.
                sys.stdout.buffer.write(msgspec.json.encode(points))
                return
            found += scan(rung, job.grids, knobs=job.knobs)
            print(f"  {name} at {rung.image.width} pixels", file=sys.stderr, flush=True)
        points += found
    sys.stdout.buffer.write(msgspec.json.encode(points))


def _encoded(
    image: pyvips.Image, codec: Codec, quality: int, effort: int, knob: Knob | None
) -> bytes:
    if knob:
        save = getattr(image, SAVERS[codec])
        return bytes(save(Q=quality, keep="none", **knob.options))
    return encode(image, Encoder(codec), quality={codec: quality}, effort={codec: effort})


if __name__ == "__main__":
    main()
