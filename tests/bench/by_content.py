"""`make bench-quality`: the bytes of the AVIF slot by content, now and before, at an equal score.

Before, AVIF had half of the colour, its effort followed the size alone, and no slot held a
lossless file. Each rung is encoded as before; then with the engine's encoders at several
qualities, whose bytes are read off at the score of before. A lossless file has no quality: if the
engine chooses it, its bytes count, although its score is higher.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import exp, log
from pathlib import Path
from statistics import fmean

import msgspec
import pyvips

from shared.imaging.encoding.content import Content
from shared.imaging.encoding.encode import AVIF_BITS, Encoder, chosen_effort, encode
from shared.imaging.vips import harden
from shared.model.codec import Codec
from shared.model.quality_and_effort import DEFAULT_QUALITY, default_effort
from tests.bench.cascade import engine_rungs
from tests.bench.curves import Sample, at_score
from tests.bench.generated import write_generated
from tests.bench.originals import middle
from tests.bench.pictures import photographs
from tests.bench.score import Reference

BUILD = Path("build")
WIDTHS = (320, 640, 1280, 1920)
QUALITIES = (35, 50, 60, 70, 85)
BEFORE_LARGE_PIXELS = 1_400_000
WHITE = [255, 255, 255]
TOGETHER = ("photographs", "smooth", "drawings")


class Found(msgspec.Struct, frozen=True):
    """The AVIF slot of one rung: bytes and CPU seconds of all its encodes, before and now."""

    group: str
    picture: str
    width: int
    score: float
    before_bytes: int
    before_cpu_seconds: float
    bytes: float
    cpu_seconds: float
    effort: int
    is_exact: bool

    @property
    def ratio(self) -> float:
        """Return the bytes of now over those of before."""
        return self.bytes / self.before_bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each picture, and write `by-content.json`, `.md` and `.png`."""
    parser = argparse.ArgumentParser(prog="tests.bench.by_content", description=__doc__)
    parser.add_argument("--images", default="", help="a folder of photographs")
    parser.add_argument("--build", type=Path, default=BUILD, help="where results go")
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS))
    chosen = parser.parse_args(arguments)
    harden()
    found: list[Found] = []
    for group, path in gather(chosen.images, chosen.build / "bench"):
        found += measure(group, path, chosen.widths)
        print(f"  {group}: {path.stem}", file=sys.stderr, flush=True)
    (chosen.build / "by-content.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    table = "\n".join(rows(found)) + "\n"
    (chosen.build / "by-content.md").write_text(table)
    from tests.bench.plots import plot_groups  # noqa: PLC0415 - slow to import

    ratios = {name: [each.ratio for each in own] for name, own in by_group(found).items()}
    plot_groups(ratios, chosen.build / "by-content.png")
    print(table)
    return 0


def gather(images: str, build: Path) -> Iterator[tuple[str, Path]]:
    """Yield the group and the path of every picture."""
    yield from (("photographs", each.path) for each in photographs(images, build))
    yield from write_generated(build / "generated")


def measure(group: str, path: Path, widths: Sequence[int]) -> Iterator[Found]:
    """Yield what is found of the rungs of a picture; none is wider than its source."""
    for rung in engine_rungs(path.read_bytes(), widths):
        if rung.width in widths:
            image = rung.flatten(background=WHITE).copy_memory() if rung.hasalpha() else rung
            yield _measured(group, path.stem, image)


def _measured(group: str, name: str, image: pyvips.Image) -> Found:
    reference, content = Reference(middle(image)), Content(image)
    plain, plain_cpu = _timed(lambda: _webp(image, content))
    before, before_cpu = _timed(lambda: _before(image))
    score = _score(reference, min(before, plain, key=len))
    content = Content(image)  # its cost is part of the engine's
    exact, exact_cpu = _timed(lambda: _exact(image, content))
    curve = []
    for quality in QUALITIES:
        file, cpu = _timed(partial(_avif, image, content, quality))
        curve.append(Sample(_score(reference, file), quality, len(file), cpu))
    avif = at_score(_rising(curve), score)
    lossy = min(avif.bytes, len(plain))
    return Found(
        group=group,
        picture=name,
        width=image.width,
        score=score,
        before_bytes=min(len(before), len(plain)),
        before_cpu_seconds=before_cpu + plain_cpu,
        bytes=min(lossy, len(exact) or lossy),
        cpu_seconds=avif.cpu_seconds + exact_cpu + plain_cpu,
        effort=chosen_effort(Codec.AVIF, {}, content),
        is_exact=0 < len(exact) < lossy,
    )


def _rising(curve: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return a curve without files that a smaller one surpasses: scores of fades do not rise."""
    best: list[Sample] = []
    for sample in sorted(curve, key=lambda each: each.bytes):
        if not best or sample.score > best[-1].score:
            best.append(sample)
    return tuple(best)


def _before(image: pyvips.Image) -> bytes:
    effort = 0 if image.width * image.height > BEFORE_LARGE_PIXELS else 1
    options = {"compression": "av1", "bitdepth": AVIF_BITS, "effort": effort}
    file = image.heifsave_buffer(
        Q=DEFAULT_QUALITY[Codec.AVIF], subsample_mode="on", keep="none", **options
    )
    return bytes(file)


def _avif(image: pyvips.Image, content: Content, quality: int) -> bytes:
    quality_of: dict[str, int] = {Codec.AVIF: quality}
    return encode(image, Encoder(Codec.AVIF), quality=quality_of, effort={}, content=content)


def _webp(image: pyvips.Image, content: Content, *, is_exact: bool = False) -> bytes:
    effort = default_effort(image.width * image.height)
    encoder = Encoder(Codec.WEBP, is_exact=is_exact)
    return encode(image, encoder, quality=DEFAULT_QUALITY, effort=effort, content=content)


def _exact(image: pyvips.Image, content: Content) -> bytes:
    return _webp(image, content, is_exact=True) if content.is_drawn else b""


def _score(reference: Reference, file: bytes) -> float:
    return reference.score(middle(pyvips.Image.new_from_buffer(file, "")).copy_memory())


def _timed(make: Callable[[], bytes]) -> tuple[bytes, float]:
    began = time.process_time()
    file = make()
    return file, time.process_time() - began


def by_group(found: Iterable[Found]) -> Mapping[str, list[Found]]:
    """Return what was found by group."""
    groups: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        groups[each.group].append(each)
    return groups


def ladder_ratios(found: Iterable[Found]) -> list[float]:
    """Return each picture's bytes of all rungs together over those of before."""
    pictures: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        pictures[each.picture].append(each)
    return [
        sum(each.bytes for each in rungs) / sum(each.before_bytes for each in rungs)
        for rungs in pictures.values()
    ]


def geometric_mean(ratios: Iterable[float]) -> float:
    """Return the geometric mean."""
    return exp(fmean(map(log, ratios)))


def rows(found: Sequence[Found]) -> Iterator[str]:
    """Yield the table: bytes by rung and of the ladder, over those of before, and CPU."""
    widths = sorted({each.width for each in found})
    yield "| content | " + " | ".join(f"{each} px" for each in widths) + " | ladder | CPU |"
    yield "|---|" + "--:|" * (len(widths) + 2)
    groups = dict(by_group(found))
    together = [each for each in found if each.group in TOGETHER]
    joined = {", ".join(TOGETHER): together} if together else {}
    for name, own in {**groups, **joined}.items():
        by_width = [[each.ratio for each in own if each.width == width] for width in widths]
        cells = [f"{geometric_mean(each):.2f}" if each else "" for each in by_width]
        cpu = sum(each.cpu_seconds for each in own) / sum(each.before_cpu_seconds for each in own)
        ladder = geometric_mean(ladder_ratios(own))
        yield f"| {name} | " + " | ".join(cells) + f" | {ladder:.2f} | {cpu:.2f} |"


if __name__ == "__main__":
    sys.exit(main())
