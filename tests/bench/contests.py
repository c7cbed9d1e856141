"""All contests with sharp: the same work, in several manners and settings."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.engine import Engine
from tests.bench.equal import match
from tests.bench.pictures import Picture
from tests.bench.recipes import jpeg_webp, jpeg_webp_avif
from tests.bench.rival import Manner, Sharp, best_manner, other_concurrency
from tests.bench.versus import Rivalry, as_documented, comparable, contest, orders, same_settings

CONTEST_ROUNDS = 3
AVIF_ROUNDS = 2
# sharp's AVIF at its defaults takes ten times as long as ours.
SLOW_PICTURES = 3
TUNING_PICTURES = 3
DOCUMENTED = "our quality, else sharp's defaults (WebP effort 4)"
DOCUMENTED_AVIF = DOCUMENTED + ", AVIF wholly at its defaults (quality 50, effort 4, 4:4:4)"
SAME = "our quality, effort and chroma subsampling"
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs."""

    pictures: tuple[Picture, ...]
    cores: int
    build: Path


def all_contests(
    bench: Bench, engine: Engine, sharp: Sharp
) -> tuple[dict[str, Figures], dict[str, float]]:
    """Return every contest's figures by name, and the seconds of each manner of sharp's."""
    pictures, keep = comparable(bench.pictures), bench.build / "bench" / "sharp"
    recipe = jpeg_webp()
    say("Looking for sharp's fastest manner …")
    documented = orders(pictures, recipe, as_documented)
    manners = best_manner(sharp, documented[:TUNING_PICTURES], bench.cores)
    best = next(iter(manners))
    say("Against sharp: JPEG and WebP …")
    same = orders(pictures, recipe, same_settings)
    contests = contest(
        engine,
        sharp,
        (pictures, recipe),
        {
            "vs_sharp_jpeg_webp": Rivalry(documented, best, DOCUMENTED),
            "vs_sharp_jpeg_webp_same": Rivalry(same, best, SAME),
            "vs_sharp_tuned": Rivalry(same, _tuned(bench.cores), SAME),
        },
        rounds=CONTEST_ROUNDS,
        keep=keep,
    )
    say("Against sharp: with AVIF …")
    contests |= _avif_contests(bench, engine, sharp, best)
    return contests, {str(manner): seconds for manner, seconds in manners.items()}


def _avif_contests(bench: Bench, engine: Engine, sharp: Sharp, best: Manner) -> dict[str, Figures]:
    pictures, keep = comparable(bench.pictures), bench.build / "bench" / "sharp"
    recipe = jpeg_webp_avif()
    same = orders(pictures, recipe, same_settings)
    contests = contest(
        engine,
        sharp,
        (pictures, recipe),
        {
            "vs_sharp_avif_same": Rivalry(same, best, SAME),
            "vs_sharp_avif_tuned": Rivalry(same, _tuned(bench.cores), SAME),
        },
        rounds=AVIF_ROUNDS,
        keep=keep,
    )
    return {"vs_sharp_avif": _at_equal_quality(bench, engine, sharp, best), **contests}


def _at_equal_quality(bench: Bench, engine: Engine, sharp: Sharp, best: Manner) -> Figures:
    """Return the contest with sharp's own AVIF, ours at the quality that looks like it."""
    pictures, keep = comparable(bench.pictures), bench.build / "bench" / "sharp"
    few = spread(pictures, SLOW_PICTURES)
    documented = orders(few, jpeg_webp_avif(), as_documented)
    say("Looking for the qualities that look like sharp's …")
    theirs = sharp.round(documented, best, keep=keep / "equal").files
    matched = match(engine, few, jpeg_webp_avif(), theirs)
    qualities = ", ".join(f"{codec} {quality}" for codec, quality in matched.qualities.items())
    say(f"Against sharp: its own AVIF, our qualities {qualities} …")
    slow = contest(
        engine,
        sharp,
        (few, matched.recipe),
        {
            str(manner): Rivalry(documented, manner, DOCUMENTED_AVIF)
            for manner in (best, other_concurrency(best, bench.cores))
        },
        rounds=AVIF_ROUNDS,
        keep=keep,
    )
    return min(slow.values(), key=lambda result: float(str(result["ratio"]))) | matched.report()


def _tuned(cores: int) -> Manner:
    return Manner("cascade", 1, cores, variants_together=False)


def spread(pictures: Sequence[Picture], wanted: int) -> tuple[Picture, ...]:
    """Return some pictures from the first to the last, at equal distances."""
    last = len(pictures) - 1
    places = {round(at * last / max(1, wanted - 1)) for at in range(wanted)}
    return tuple(pictures[at] for at in sorted(places))


def say(text: str) -> None:
    """Tell a person what is under way."""
    print(text, file=sys.stderr, flush=True)
