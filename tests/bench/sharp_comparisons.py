"""All comparisons with sharp: the same work, in several modes and settings."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.comparison import (
    SharpSetup,
    as_documented,
    comparable_pictures,
    compare,
    same_settings,
    sharp_jobs,
)
from tests.bench.engine import Engine
from tests.bench.equal_quality import match_quality
from tests.bench.pictures import Picture
from tests.bench.recipes import jpeg_webp, jpeg_webp_avif
from tests.bench.sharp_process import Sharp, SharpMode, other_concurrency, time_modes

COMPARISON_ROUNDS = 3
AVIF_ROUNDS = 2
# sharp's AVIF with its default settings takes ten times as long as ours.
SLOW_PICTURES = 3
TUNING_PICTURES = 3
DOCUMENTED = "our quality, else sharp's defaults (WebP effort 4)"
DOCUMENTED_AVIF = DOCUMENTED + ", AVIF entirely at its defaults (quality 50, effort 4, 4:4:4)"
SAME = "our quality, effort and chroma subsampling"
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bench:
    """The input of every measurement."""

    pictures: tuple[Picture, ...]
    cores: int
    build: Path


def compare_all(
    bench: Bench, engine: Engine, sharp: Sharp
) -> tuple[dict[str, Figures], dict[str, float]]:
    """Return every comparison's figures by name, and the seconds of each mode of sharp."""
    pictures, keep = comparable_pictures(bench.pictures), bench.build / "bench" / "sharp"
    recipe = jpeg_webp()
    print_progress("Looking for sharp's fastest mode …")
    documented = sharp_jobs(pictures, recipe, as_documented)
    modes = time_modes(sharp, documented[:TUNING_PICTURES], bench.cores)
    best = next(iter(modes))
    print_progress("Against sharp: JPEG and WebP …")
    same = sharp_jobs(pictures, recipe, same_settings)
    comparisons = compare(
        engine,
        sharp,
        (pictures, recipe),
        {
            "vs_sharp_jpeg_webp": SharpSetup(documented, best, DOCUMENTED),
            "vs_sharp_jpeg_webp_same": SharpSetup(same, best, SAME),
            "vs_sharp_tuned": SharpSetup(same, _tuned(bench.cores), SAME),
        },
        rounds=COMPARISON_ROUNDS,
        keep=keep,
    )
    print_progress("Against sharp: with AVIF …")
    comparisons |= _compare_avif(bench, engine, sharp, best)
    return comparisons, {str(mode): seconds for mode, seconds in modes.items()}


def _compare_avif(
    bench: Bench, engine: Engine, sharp: Sharp, best: SharpMode
) -> dict[str, Figures]:
    pictures, keep = comparable_pictures(bench.pictures), bench.build / "bench" / "sharp"
    recipe = jpeg_webp_avif()
    same = sharp_jobs(pictures, recipe, same_settings)
    comparisons = compare(
        engine,
        sharp,
        (pictures, recipe),
        {
            "vs_sharp_avif_same": SharpSetup(same, best, SAME),
            "vs_sharp_avif_tuned": SharpSetup(same, _tuned(bench.cores), SAME),
        },
        rounds=AVIF_ROUNDS,
        keep=keep,
    )
    return {"vs_sharp_avif": _at_equal_quality(bench, engine, sharp, best), **comparisons}


def _at_equal_quality(bench: Bench, engine: Engine, sharp: Sharp, best: SharpMode) -> Figures:
    """Return the comparison with sharp's default AVIF, with our qualities of equal score."""
    pictures, keep = comparable_pictures(bench.pictures), bench.build / "bench" / "sharp"
    few = spread(pictures, SLOW_PICTURES)
    documented = sharp_jobs(few, jpeg_webp_avif(), as_documented)
    print_progress("Looking for the qualities with sharp's scores …")
    theirs = sharp.round(documented, best, keep=keep / "equal").files
    matched = match_quality(engine, few, jpeg_webp_avif(), theirs)
    qualities = ", ".join(f"{codec} {quality}" for codec, quality in matched.qualities.items())
    print_progress(f"Against sharp: its own AVIF, our qualities {qualities} …")
    slow = compare(
        engine,
        sharp,
        (few, matched.recipe),
        {
            str(mode): SharpSetup(documented, mode, DOCUMENTED_AVIF)
            for mode in (best, other_concurrency(best, bench.cores))
        },
        rounds=AVIF_ROUNDS,
        keep=keep,
    )
    return min(slow.values(), key=lambda result: float(str(result["ratio"]))) | matched.report()


def _tuned(cores: int) -> SharpMode:
    return SharpMode("cascade", 1, cores, variants_together=False)


def spread(pictures: Sequence[Picture], wanted: int) -> tuple[Picture, ...]:
    """Return some pictures, evenly spread from the first to the last."""
    last = len(pictures) - 1
    indices = {round(at * last / max(1, wanted - 1)) for at in range(wanted)}
    return tuple(pictures[at] for at in sorted(indices))


def print_progress(text: str) -> None:
    """Print what is being measured."""
    print(text, file=sys.stderr, flush=True)
