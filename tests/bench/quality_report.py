"""Writes the scan's tables in Markdown; `docs/recipes.md` has copies of them."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from shared.model.codec import Codec
from shared.model.quality_and_effort import DEFAULT_QUALITY
from tests.bench.curves import Curve, Key, Policy, Sample, at_quality, at_score, totals
from tests.bench.knobs import USUAL_EFFORT

ANY = 100_000
KILOBYTE, MILLI = 1000, 1000
NAMES = {Codec.AVIF: "AVIF", Codec.WEBP: "WebP", Codec.JPEG: "JPEG"}
ONE, TWO, THREE = ((ANY, 1),), ((ANY, 2),), ((ANY, 3),)
WEBP_MIXED = ((640, 4), (ANY, 2))
POLICIES = (
    ("AVIF 0, WebP 2", ((ANY, 0),), TWO),
    ("AVIF 1, WebP 2", ONE, TWO),
    ("AVIF 2, WebP 2", TWO, TWO),
    ("AVIF 3, WebP 4", THREE, ((ANY, 4),)),
    ("AVIF 1, WebP 4 up to 640 and 2 above", ONE, WEBP_MIXED),
    ("AVIF 1 up to 640 and 0 above, WebP 2", ((640, 1), (ANY, 0)), TWO),
    ("AVIF 1 up to 1280 and 0 above, WebP 2", ((1280, 1), (ANY, 0)), TWO),
    ("AVIF 3 up to 320, 1 up to 1280, 0 above, WebP 2", ((320, 3), (1280, 1), (ANY, 0)), TWO),
    ("AVIF 3 up to 640 and 1 above, WebP 2", ((640, 3), (ANY, 1)), TWO),
    ("AVIF 1 up to 640 and 3 above, WebP 2", ((640, 1), (ANY, 3)), TWO),
)


def target(found: Mapping[Key, Curve]) -> float:
    """Return the score to compare at: the mean of AVIF's and WebP's default settings."""
    own = [
        at_quality(curve, DEFAULT_QUALITY[key.codec]).score
        for key, curve in found.items()
        if key.codec is not Codec.JPEG and key.effort == USUAL_EFFORT[key.codec]
    ]
    return fmean(own)


def markdown(found: Mapping[Key, Curve], report: Mapping[str, Any]) -> str:
    """Return every table."""
    score = target(found)
    lines = [
        f"Pictures: {', '.join(report['pictures'])}.",
        *(
            [f"Left out for lack of time: {', '.join(report['left_out'])}."]
            * bool(report["left_out"])
        ),
        "",
        f"At SSIMULACRA2 {score:.1f}: quality setting, KB and CPU milliseconds of one file",
        "",
        *_equal(found, score),
    ]
    if any(key.knob for key in found):
        return "\n".join(lines) + "\n"
    return "\n".join([*lines, "", *_defaults(found), "", *_policies(found, score)]) + "\n"


def _equal(found: Mapping[Key, Curve], score: float) -> list[str]:
    widths = sorted({key.width for key in found})
    rows = sorted({(list(NAMES).index(key.codec), key.knob, key.effort) for key in found})
    lines = _head("encoder, effort", [f"{width} px" for width in widths])
    for at, knob, effort in rows:
        codec = list(NAMES)[at]
        cells = []
        for width in widths:
            curve = found.get(Key(width, codec, effort, knob))
            cells.append(_cell(at_score(curve, score)) if curve else "")
        title = f"{NAMES[codec]} {effort}" + (f", {knob}" if knob else "")
        lines.append(_row([title, *cells]))
    return lines


def _defaults(found: Mapping[Key, Curve]) -> list[str]:
    widths = sorted({key.width for key in found})
    lines = ["What the default quality and effort score", ""]
    lines += _head("encoder", [f"{width} px" for width in widths])
    for codec, name in NAMES.items():
        quality, effort = DEFAULT_QUALITY[codec], USUAL_EFFORT[codec]
        own = [found.get(Key(width, codec, effort)) for width in widths]
        cells = [f"{at_quality(curve, quality).score:.1f}" if curve else "" for curve in own]
        lines.append(_row([f"{name} {quality}, effort {effort}", *cells]))
    return lines


def _policies(found: Mapping[Key, Curve], score: float) -> list[str]:
    """Return bytes and CPU of the default recipe's slots at these widths, by effort policy."""
    widths = sorted({key.width for key in found})
    slots = [(width, codec) for width in widths for codec in (Codec.AVIF, Codec.WEBP)]
    slots += [(width, Codec.JPEG) for width in widths if width in {640, 1280}]
    lines = ["AVIF and WebP at each width, JPEG at 640 and 1280, all at that score", ""]
    lines += _head("efforts (JPEG 1)", ["CPU s", "KB", "AVIF CPU s", "AVIF KB"])
    avif_only = [slot for slot in slots if slot[1] is Codec.AVIF]
    for name, avif, webp in POLICIES:
        policy = Policy(name, {Codec.AVIF: avif, Codec.WEBP: webp, Codec.JPEG: ((ANY, 1),)})
        if all(Key(width, codec, policy.effort(codec, width)) in found for width, codec in slots):
            both = totals(found, policy, slots, score), totals(found, policy, avif_only, score)
            lines.append(_row([name, *(cell for one in both for cell in _sums(one))]))
    return lines


def _cell(sample: Sample) -> str:
    figures = sample.bytes / KILOBYTE, sample.cpu_seconds * MILLI
    return "q{:.0f} {:.1f} KB {:.0f} ms".format(sample.quality, *figures)


def _sums(sample: Sample) -> tuple[str, str]:
    return f"{sample.cpu_seconds:.2f}", f"{sample.bytes / KILOBYTE:.0f}"


def _head(first: str, others: Sequence[str]) -> list[str]:
    return [_row([first, *others]), "|" + "---|" * (1 + len(others))]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
