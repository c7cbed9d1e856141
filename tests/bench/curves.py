"""Computes means over pictures, and bytes and CPU at equal quality, from the scan's points."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean

from shared.model.codec import Codec
from tests.bench.scan import Point


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Identifies a curve."""

    width: int
    codec: Codec
    effort: int
    knob: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """The means over all pictures at one quality."""

    score: float
    quality: float
    bytes: float
    cpu_seconds: float


Curve = tuple[Sample, ...]


def curves(points: Iterable[Point]) -> dict[Key, Curve]:
    """Return each curve, worst score first."""
    groups: dict[Key, dict[int, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        key = Key(point.width, point.codec, point.effort, point.knob)
        groups[key][point.quality].append(point)
    return {
        key: tuple(sorted(_mean(quality, group) for quality, group in qualities.items()))
        for key, qualities in sorted(groups.items())
    }


def at_score(curve: Curve, score: float) -> Sample:
    """Return the sample at a score; bytes are interpolated exponentially."""
    low, high = _around([sample.score for sample in curve], score)
    return _between(curve[low], curve[high], _share(curve[low].score, curve[high].score, score))


def at_quality(curve: Curve, quality: float) -> Sample:
    """Return the sample at a quality setting."""
    ordered = sorted(curve, key=lambda sample: sample.quality)
    low, high = _around([sample.quality for sample in ordered], quality)
    share = _share(ordered[low].quality, ordered[high].quality, quality)
    return _between(ordered[low], ordered[high], share)


@dataclass(frozen=True, slots=True)
class Policy:
    """Efforts by codec: pairs of the widest rung and the effort up to it, narrowest first."""

    name: str
    efforts: Mapping[Codec, Sequence[tuple[int, int]]]

    def effort(self, codec: Codec, width: int) -> int:
        """Return the effort of a rung."""
        return next(effort for widest, effort in self.efforts[codec] if width <= widest)


def totals(
    found: Mapping[Key, Curve], policy: Policy, slots: Sequence[tuple[int, Codec]], score: float
) -> Sample:
    """Return the bytes and CPU of one picture's files, each of them at the same score."""
    made = [
        at_score(found[Key(width, codec, policy.effort(codec, width))], score)
        for width, codec in slots
    ]
    return Sample(
        score,
        fmean(sample.quality for sample in made),
        sum(sample.bytes for sample in made),
        sum(sample.cpu_seconds for sample in made),
    )


def _mean(quality: int, group: Sequence[Point]) -> Sample:
    return Sample(
        fmean(point.score for point in group),
        quality,
        fmean(point.bytes for point in group),
        fmean(point.cpu_seconds for point in group),
    )


def _around(values: Sequence[float], wanted: float) -> tuple[int, int]:
    """Return the indices of the two values next to the wanted one; at an end, the last two."""
    if len(values) == 1:
        return 0, 0
    high = next((at for at, value in enumerate(values) if value >= wanted), len(values) - 1)
    high = max(1, high)
    return high - 1, high


def _share(low: float, high: float, wanted: float) -> float:
    return (wanted - low) / (high - low) if high > low else 0.0


def _between(low: Sample, high: Sample, share: float) -> Sample:
    def mixed(one: float, other: float) -> float:
        return one + (other - one) * share

    return Sample(
        mixed(low.score, high.score),
        mixed(low.quality, high.quality),
        exp(mixed(log(low.bytes), log(high.bytes))),
        max(0.0, mixed(low.cpu_seconds, high.cpu_seconds)),
    )
