"""`make bench`: measures the engine against its floor and against sharp."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.imaging.vips import harden
from tests.bench.busy import busy
from tests.bench.cascade import cascade
from tests.bench.comparison import comparable_pictures
from tests.bench.engine import Engine, peak_bytes_of, throughput
from tests.bench.over_floor import over_floor
from tests.bench.pictures import gather
from tests.bench.problem import CannotBench
from tests.bench.recipes import default_recipe, jpeg_webp
from tests.bench.sharp_comparisons import Bench, Figures, compare_all, print_progress
from tests.bench.sharp_process import Sharp, install
from tests.bench.table import table

BUILD = Path("build")
FLEET_ROUNDS = 2
EXIT_PROBLEM = 2
DECIMALS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write `bench.json`, print the table; exit code 2 if that fails."""
    parser = argparse.ArgumentParser(prog="tests.bench.run", description=__doc__)
    parser.add_argument("--images", default="", help="a folder of images")
    parser.add_argument("--build", type=Path, default=BUILD, help="where results go")
    chosen = parser.parse_args(arguments)
    try:
        report = run(chosen.images, chosen.build)
    except CannotBench as problem:
        print(problem, file=sys.stderr)
        return EXIT_PROBLEM
    written = chosen.build / "bench.json"
    written.write_text(json.dumps(rounded(report), indent=2) + "\n")
    print(table(report))
    print(f"\nWritten to {written}; tests/bench/README.md says what each figure means.")
    return 0


def run(images: str, build: Path) -> Figures:
    """Return all figures."""
    began = time.perf_counter()
    harden()
    bench = Bench(gather(images, build / "bench"), os.cpu_count() or 1, build)
    folder = install(build / "sharp")
    engine, sharp = Engine(bench.cores), Sharp(folder, bench.cores)
    try:
        _require_renderable(bench, engine)
        report = _measured(bench, engine, sharp)
    finally:
        sharp.close()
        engine.close()
    return report | {"seconds": time.perf_counter() - began}


def rounded(figures: object) -> object:
    """Return figures rounded to four decimals."""
    if isinstance(figures, float):
        return round(figures, DECIMALS)
    if isinstance(figures, Mapping):
        return {name: rounded(value) for name, value in figures.items()}
    return [rounded(one) for one in figures] if isinstance(figures, list | tuple) else figures


def _require_renderable(bench: Bench, engine: Engine) -> None:
    refused = engine.refusals(bench.pictures, jpeg_webp())
    if refused:
        listed = "; ".join(f"{name} ({why})" for name, why in refused.items())
        raise CannotBench(f"Expected images that can be rendered, got {listed}: take them out.")


def _measured(bench: Bench, engine: Engine, sharp: Sharp) -> Figures:
    print_progress("Against the floor: the default recipe …")
    default = over_floor(bench.pictures, default_recipe(), bench.cores)
    print_progress("Against the floor: JPEG and WebP …")
    ladder = over_floor(bench.pictures, jpeg_webp(), bench.cores)
    print_progress("The whole engine through its render children …")
    fleet = throughput(engine, bench.pictures, default_recipe(), FLEET_ROUNDS)
    peak_bytes, camera = engine.peak_bytes, bench.pictures[-1]
    print_progress("What making rungs costs in quality …")
    rungs = cascade(comparable_pictures(bench.pictures))
    print_progress("How busy the children are, with 60 ms on every S3 call …")
    occupied = busy(bench.pictures)
    comparisons, modes = compare_all(bench, engine, sharp)
    return {
        "render_over_floor": default["ratio"],
        "render_over_floor_jpeg_webp": ladder["ratio"],
        "busy": occupied["busy"],
        "busy_one_core": occupied["busy_one_core"],
        "occupied": occupied,
        "images_per_s": fleet["images_per_s"],
        "peak_bytes": peak_bytes,
        "peak_bytes_24mp_jpeg": peak_bytes_of(camera, default_recipe()),
        **{name: result["ratio"] for name, result in comparisons.items()},
        **{f"{name}_cpu": result["ratio_cpu"] for name, result in comparisons.items()},
        "vs_sharp_avif_bytes": _number(comparisons["vs_sharp_avif"], "bytes_ratio"),
        "vs_sharp_avif_score": _number(comparisons["vs_sharp_avif"], "score_difference"),
        "cascade_loss": max(step["loss"] for steps in rungs.values() for step in steps),
        "cascade": rungs,
        "others_cores": max(float(str(one["others_cores"])) for one in comparisons.values()),
        "floor": {"default": default, "jpeg_webp": ladder},
        "fleet": fleet,
        "contests": comparisons,
        "sharp_manners": modes,
        "pictures": {picture.name: picture.path.stat().st_size for picture in bench.pictures},
        "cores": bench.cores,
        "sharp_versions": {name: sharp.versions[name] for name in ("sharp", "vips", "aom")},
    }


def _number(figures: Figures, name: str) -> float:
    return float(str(figures[name]))


if __name__ == "__main__":
    sys.exit(main())
