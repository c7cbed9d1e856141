"""Finds the quality settings at which our files score like sharp's.

The files of both are compared with the same reference, which is made by neither; see `originals`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import pyvips

from shared.imaging.intake.sniff import sniff
from shared.model.codec import Codec
from shared.model.geometry import Size
from shared.model.recipe import Recipe, Slot
from tests.bench.comparison import CODECS
from tests.bench.engine import Engine
from tests.bench.originals import Original, middle
from tests.bench.pictures import Picture
from tests.bench.recipes import ladder
from tests.bench.rounds import File

# The search stops at this difference, in points of SSIMULACRA2: a step of quality is about half a
# point.
CLOSE = 0.3
MAX_TRIES = 5
POINTS_PER_STEP = 0.5
QUALITIES = range(1, 101)
Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores the files of some pictures."""

    originals: tuple[Original, ...]

    def scores(self, files: Sequence[Iterable[File]]) -> Scores:
        """Return the mean score of each format's files."""
        found: dict[str, list[float]] = defaultdict(list)
        for original, made in zip(self.originals, files, strict=True):
            for file in made:
                shown = pyvips.Image.new_from_buffer(file.data, "")
                reference = original.reference(Size(file.width, file.height))
                found[sniff(file.data) or ""].append(reference.score(middle(shown)))
        return {name: fmean(scores) for name, scores in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class QualityMatch:
    """Our recipe whose files score like sharp's, and the scores of both."""

    recipe: Recipe
    qualities: Mapping[Codec, int]
    scores: Scores
    sharp_scores: Scores
    avif_bytes: int
    sharp_avif_bytes: int

    def report(self) -> dict[str, object]:
        """Return the figures for `bench.json`."""
        differences = [self.scores[name] - self.sharp_scores[name] for name in self.sharp_scores]
        return {
            "qualities": {codec.value: quality for codec, quality in self.qualities.items()},
            "scores": self.scores,
            "sharp_scores": self.sharp_scores,
            "score_difference": max(differences, key=abs),
            "bytes_ratio_avif": self.avif_bytes / self.sharp_avif_bytes,
        }


def match_quality(
    engine: Engine,
    pictures: Sequence[Picture],
    recipe: Recipe,
    theirs: Sequence[tuple[File, ...]],
) -> QualityMatch:
    """Return our recipe with the qualities whose scores are nearest to sharp's."""
    scorer = Scorer(tuple(Original(picture.data) for picture in pictures))
    wanted = scorer.scores(theirs)
    chosen: dict[Codec, int] = {}
    for slot, codec in CODECS.items():

        def score(quality: int, slot: Slot = slot, codec: Codec = codec) -> float:
            made = engine.round(pictures, with_quality(ladder(slot), {codec: quality})).files
            return scorer.scores(made)[codec.value]

        chosen[codec] = nearest(score, wanted[codec.value], recipe.variants[0].quality[codec])
    matched = with_quality(recipe, chosen)
    ours = engine.round(pictures, matched).files
    return QualityMatch(
        recipe=matched,
        qualities=chosen,
        scores=scorer.scores(ours),
        sharp_scores=wanted,
        avif_bytes=_avif_bytes(ours),
        sharp_avif_bytes=_avif_bytes(theirs),
    )


def nearest(score: Callable[[int], float], wanted: float, start: int) -> int:
    """Return the quality with the nearest score, after a few tries; scores rise with quality."""
    tried: dict[int, float] = {}
    quality = start
    for _ in range(MAX_TRIES):
        tried[quality] = score(quality)
        if abs(tried[quality] - wanted) <= CLOSE:
            break
        quality = _guess(tried, wanted)
        if quality in tried:
            break
    return min(tried, key=lambda one: abs(tried[one] - wanted))


def with_quality(recipe: Recipe, quality: Mapping[Codec, int]) -> Recipe:
    """Return a recipe with other qualities for some encoders."""
    others = {codec.value: figure for codec, figure in quality.items()}
    variants = tuple(
        replace(variant, quality={**variant.quality, **others}) for variant in recipe.variants
    )
    return replace(recipe, variants=variants)


def _guess(tried: Mapping[int, float], wanted: float) -> int:
    below = [quality for quality, score in tried.items() if score <= wanted]
    above = [quality for quality, score in tried.items() if score > wanted]
    if below and above:
        low, high = max(below), min(above)
        share = (wanted - tried[low]) / (tried[high] - tried[low])
        return round(low + (high - low) * share)
    latest = max(below) if below else min(above)
    step = round((wanted - tried[latest]) / POINTS_PER_STEP) or (1 if below else -1)
    return min(max(latest + step, QUALITIES[0]), QUALITIES[-1])


def _avif_bytes(files: Iterable[Iterable[File]]) -> int:
    """Return the bytes of the AVIF files; the slot holds WebP where that was smaller."""
    return sum(len(file.data) for made in files for file in made if sniff(file.data) == "avif")
