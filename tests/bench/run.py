"""`make bench`: measures the engine against its floor and against sharp, and writes both down."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.imaging.vips import harden
from tests.bench.engine import Engine, peak_bytes_of, throughput
from tests.bench.over_floor import over_floor
from tests.bench.pictures import Picture, gather
from tests.bench.problem import CannotBench
from tests.bench.recipes import default_recipe, jpeg_webp, jpeg_webp_avif
from tests.bench.rival import Manner, Sharp, best_manner, install, other_concurrency
from tests.bench.table import table
from tests.bench.versus import Rivalry, as_documented, comparable, contest, orders, same_settings

BUILD = Path("build")
FLEET_ROUNDS = 2
CONTEST_ROUNDS = 3
AVIF_ROUNDS = 2
# sharp's AVIF at its defaults takes ten times as long as ours.
SLOW_PICTURES = 2
TUNING_PICTURES = 3
DOCUMENTED = "our quality, else sharp's defaults (WebP effort 4)"
DOCUMENTED_AVIF = DOCUMENTED + ", AVIF wholly at its defaults (quality 50, effort 4, 4:4:4)"
SAME = "our quality, effort and chroma subsampling"
EXIT_PROBLEM = 2
DECIMALS = 4
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs."""

    pictures: tuple[Picture, ...]
    cores: int
    build: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write `bench.json`, print the table; 2 and a sentence if that cannot be."""
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
    """Return figures with four decimals, which is more than any of them is worth."""
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
    _say("Against the floor: the default recipe …")
    default = over_floor(bench.pictures, default_recipe(), bench.cores)
    _say("Against the floor: JPEG and WebP …")
    ladder = over_floor(bench.pictures, jpeg_webp(), bench.cores)
    _say("The whole engine through its render children …")
    fleet = throughput(engine, bench.pictures, default_recipe(), FLEET_ROUNDS)
    peak_bytes, camera = engine.peak_bytes, bench.pictures[-1]
    contests, manners = _contests(bench, engine, sharp)
    return {
        "render_over_floor": default["ratio"],
        "render_over_floor_jpeg_webp": ladder["ratio"],
        "images_per_s": fleet["images_per_s"],
        "peak_bytes": peak_bytes,
        "peak_bytes_24mp_jpeg": peak_bytes_of(camera, default_recipe()),
        **{name: result["ratio"] for name, result in contests.items()},
        **{f"{name}_cpu": result["ratio_cpu"] for name, result in contests.items()},
        "others_cores": max(float(str(one["others_cores"])) for one in contests.values()),
        "floor": {"default": default, "jpeg_webp": ladder},
        "fleet": fleet,
        "contests": contests,
        "sharp_manners": manners,
        "pictures": {picture.name: picture.path.stat().st_size for picture in bench.pictures},
        "cores": bench.cores,
        "sharp_versions": {name: sharp.versions[name] for name in ("sharp", "vips", "aom")},
    }


def _contests(
    bench: Bench, engine: Engine, sharp: Sharp
) -> tuple[dict[str, Figures], dict[str, float]]:
    pictures, keep = comparable(bench.pictures), bench.build / "bench" / "sharp"
    recipe = jpeg_webp()
    _say("Looking for sharp's fastest manner …")
    documented = orders(pictures, recipe, as_documented)
    manners = best_manner(sharp, documented[:TUNING_PICTURES], bench.cores)
    best = next(iter(manners))
    _say("Against sharp: JPEG and WebP …")
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
    _say("Against sharp: with AVIF …")
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
    few = (pictures[0], pictures[-1])[:SLOW_PICTURES]
    documented = orders(few, recipe, as_documented)
    slow = contest(
        engine,
        sharp,
        (few, recipe),
        {
            str(manner): Rivalry(documented, manner, DOCUMENTED_AVIF)
            for manner in (best, other_concurrency(best, bench.cores))
        },
        rounds=AVIF_ROUNDS,
        keep=keep,
    )
    fastest = min(slow.values(), key=lambda result: float(str(result["ratio"])))
    return {"vs_sharp_avif": fastest, **contests}


def _tuned(cores: int) -> Manner:
    return Manner("cascade", 1, cores, variants_together=False)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
