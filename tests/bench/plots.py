"""Draws bytes and CPU against measured quality."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl

from shared.model.codec import Codec
from tests.bench.curves import Curve, Key
from tests.bench.knobs import USUAL_EFFORT

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib import ticker

MARKERS = "osD^vPX"
KILOBYTE, MILLI = 1000, 1000
SCORE = "SSIMULACRA2 (mean over the pictures)"
PANEL_INCHES, SPREAD = (4.2, 3.6), 0.35


def plot(found: Mapping[Key, Curve], build: Path, name: str) -> tuple[Path, ...]:
    """Write one figure per codec, and one of all codecs at their default efforts."""
    codecs = sorted({key.codec for key in found})
    paths = [_of_codec(found, codec, build / f"{name}-{codec.value}.png") for codec in codecs]
    if any(key.knob for key in found):
        return tuple(paths)
    return *paths, _of_defaults(found, build / f"{name}-codecs.png")


def plot_groups(ratios: Mapping[str, Sequence[float]], path: Path) -> Path:
    """Write a figure of each rung's bytes over those of before, a column for each group."""
    figure, axes = plt.subplots(figsize=(2 * PANEL_INCHES[0], PANEL_INCHES[1]))
    for at, own in enumerate(ratios.values()):
        places = [at + SPREAD * (rank / len(own) - 1 / 2) for rank in range(len(own))]
        axes.plot(places, sorted(own), ".", color=f"C{at}")
        axes.hlines(fmean(own), at - SPREAD, at + SPREAD, color=f"C{at}")
    axes.axhline(1, color="grey", linewidth=0.8)
    axes.set_xticks(range(len(ratios)), list(ratios))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("bytes of the AVIF slot over those of before")
    axes.set_title("Each point is one rung at the score of before; a line is the mean")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _of_codec(found: Mapping[Key, Curve], codec: Codec, path: Path) -> Path:
    own = {key: curve for key, curve in found.items() if key.codec is codec}
    lines = sorted({(key.knob, key.effort) for key in own})
    drawn = {
        key.width: [
            (lines.index((one.knob, one.effort)), _label(one), own[one])
            for one in own
            if one.width == key.width
        ]
        for key in own
    }
    title = f"{codec.value.upper()}: each point is one quality setting, rising to the right"
    return _figure(drawn, title, path)


def _of_defaults(found: Mapping[Key, Curve], path: Path) -> Path:
    own = {key: curve for key, curve in found.items() if key.effort == USUAL_EFFORT[key.codec]}
    codecs = sorted({key.codec for key in own})
    drawn = {
        key.width: [
            (codecs.index(one.codec), f"{one.codec.value.upper()}, effort {one.effort}", own[one])
            for one in own
            if one.width == key.width
        ]
        for key in own
    }
    return _figure(drawn, "The encoders at their default efforts", path)


def _figure(drawn: Mapping[int, list[tuple[int, str, Curve]]], title: str, path: Path) -> Path:
    columns = max(1, len(drawn))
    size = PANEL_INCHES[0] * columns + 2.4, PANEL_INCHES[1] * 2
    figure, axes = plt.subplots(2, columns, figsize=size, squeeze=False, layout="constrained")
    for column, (width, entries) in enumerate(drawn.items()):
        for at, label, curve in entries:
            _panels(axes[0][column], axes[1][column], curve, (at, label))
        axes[0][column].set(title=f"{width} px wide", ylabel="KB a file")
        axes[1][column].set(xlabel=SCORE, ylabel="CPU milliseconds a file")
    for axis in axes.flat:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        axis.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        axis.yaxis.set_minor_locator(ticker.NullLocator())
        axis.grid(visible=True, alpha=0.25)
    handles = {
        label: handle
        for axis in axes[0]
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside right center")
    figure.suptitle(title)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _panels(above: Any, below: Any, curve: Curve, line: tuple[int, str]) -> None:  # noqa: ANN401 - matplotlib's axes
    at, label = line
    scores = [sample.score for sample in curve]
    style = {"marker": MARKERS[at % len(MARKERS)], "color": f"C{at % 10}", "markersize": 5}
    if at >= 10:
        style["linestyle"] = "--"
    above.plot(scores, [one.bytes / KILOBYTE for one in curve], label=label, **style)
    below.plot(scores, [one.cpu_seconds * MILLI for one in curve], label=label, **style)


def _label(key: Key) -> str:
    return f"{key.knob}, effort {key.effort}" if key.knob else f"effort {key.effort}"
