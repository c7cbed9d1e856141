"""Formats a benchmark's figures as text."""

from collections.abc import Mapping
from typing import Any

from tests.bench.busy import lines as busy_lines

MEBIBYTE = 1024 * 1024
# If other processes use more of a core, wall-clock times are unreliable.
QUIET_CORES = 0.15
NAME_WIDTH = 44

Report = Mapping[str, Any]  # the content of bench.json


def table(report: Report) -> str:
    """Return the figures as lines of text."""
    parts = (
        _floors(report),
        _fleet(report),
        _cascade(report),
        busy_lines(report["occupied"]),
        _contests(report),
    )
    return "\n\n".join("\n".join(lines) for lines in parts)


def _floors(report: Report) -> list[str]:
    floors = report["floor"]
    lines = [
        "render() over its floor: CPU of one image over one decode + the bare encodes",
        (
            f"  {'':{NAME_WIDTH}} {'default':>9} {'JPEG+WebP':>10}"
            "   default: decode + encodes → render"
        ),
    ]
    for name, default in floors["default"]["images"].items():
        other, cpu = floors["jpeg_webp"]["images"][name], default["cpu"]
        lines.append(
            f"  {name[:NAME_WIDTH]:{NAME_WIDTH}} {default['ratio']:9.3f} {other['ratio']:10.3f}   "
            f"{cpu['decode']:.2f} + {cpu['encode']:.2f} → {cpu['render']:.2f} s"
        )
    for title, key in (
        ("all (sums)", "ratio"),
        ("all, by the wall clock", "ratio_wall"),
        ("all, over a streamed decode", "ratio_streamed"),
    ):
        both = floors["default"][key], floors["jpeg_webp"][key]
        lines.append(f"  {title:{NAME_WIDTH}} {both[0]:9.3f} {both[1]:10.3f}")
    return lines


def _fleet(report: Report) -> list[str]:
    fleet = report["fleet"]
    cpu, files = fleet["cpu_seconds_per_image"], fleet["files_per_image"]
    peak, camera = (report[name] / MEBIBYTE for name in ("peak_bytes", "peak_bytes_24mp_jpeg"))
    return [
        f"The engine through {report['cores']} render children, the default recipe",
        f"  images/s {report['images_per_s']:.2f}",
        f"  CPU {cpu:.2f} s an image, {files:.0f} files",
        f"  peak memory of a child {peak:.0f} MB, with the 24 MP JPEG alone {camera:.0f} MB",
    ]


def _cascade(report: Report) -> list[str]:
    lines = ["SSIMULACRA2 that a rung loses against one made of the full source in one step"]
    for name, steps in report["cascade"].items():
        losses = "  ".join(f"{step['width']}: {step['loss']:+.2f}" for step in steps)
        lines.append(f"  {name[:NAME_WIDTH]:{NAME_WIDTH}} {losses}")
    return lines


def _contests(report: Report) -> list[str]:
    versions = report["sharp_versions"]
    lines = [
        f"Against sharp {versions['sharp']} (libvips {versions['vips']}): our images/s over its",
        (
            f"  {'':26} {'ratio':>6} {'low-high':>11} {'by CPU':>7} {'images/s':>9} {'sharp':>6} "
            f"{'bytes':>7}  pictures"
        ),
    ]
    notes = []
    for name, result in report["contests"].items():
        spread = f"{result['ratio_low']:.2f}-{result['ratio_high']:.2f}"
        lines.append(
            f"  {name:26} {result['ratio']:6.2f} {spread:>11} {result['ratio_cpu']:7.2f} "
            f"{result['images_per_s']:9.2f} {result['sharp_images_per_s']:6.2f} "
            f"{result['bytes'] / result['sharp_bytes'] - 1:+7.1%}  {len(result['pictures'])}"
        )
        few = f"; only {', '.join(result['pictures'])}" if name == "vs_sharp_avif" else ""
        notes.append(f"  {name}: {result['sharp_settings']}; {result['sharp_manner']}{few}")
    return [*lines, *notes, *_equal(report), *_noise(report)]


def _equal(report: Report) -> list[str]:
    """Return the scores of the files of `vs_sharp_avif`, format by format."""
    result = report["contests"]["vs_sharp_avif"]
    ours, theirs = result["scores"], result["sharp_scores"]
    alike = ", ".join(
        f"{name} q{result['qualities'][name]} {ours[name]:.1f} to {theirs[name]:.1f}"
        for name in theirs
    )
    return [
        f"  vs_sharp_avif: our qualities and SSIMULACRA2, ours to sharp's: {alike};",
        f"  bytes of the AVIF files alone {result['bytes_ratio_avif'] - 1:+.1%}",
    ]


def _noise(report: Report) -> list[str]:
    if report["others_cores"] <= QUIET_CORES:
        return []
    busy = f"{report['others_cores']:.1f} of {report['cores']} cores"
    return [
        f"  Other processes took {busy}, which slows one process with threads more than several:",
        "  trust `by CPU`, or measure again in a quiet moment.",
    ]
