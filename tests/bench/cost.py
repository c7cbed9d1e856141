"""Computes what a million sources cost, from measured CPU seconds and AWS's prices.

`python -m tests.bench.cost --write docs/cost.md` writes the tables into the page. Run it on a
quiet machine, and again after each change of the default recipe or the encoders.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench.cost_measure import DEFAULT, REPETITIONS, Made, choices, render_all, work_of
from tests.bench.cost_model import Work
from tests.bench.cost_table import Costs, page, replace_tables
from tests.bench.pictures import Picture, camera_picture, gather
from tests.bench.problem import CannotBench

EXIT_PROBLEM = 2


def measure(camera: Picture, others: Sequence[Picture], factor: float, repetitions: int) -> Costs:
    """Return the costs of the camera's picture under each choice, and of the other pictures."""
    base, recipes = work_of(camera.data), choices()
    tasks = [(camera.data, recipe) for recipe in recipes.values()]
    tasks += [(picture.data, recipes[DEFAULT]) for picture in others]
    made = [_work(base, one) for one in render_all(tasks, repetitions)]
    chosen, rest = made[: len(recipes)], made[len(recipes) :]
    return Costs(
        choices=dict(zip(recipes, chosen, strict=True)),
        others={
            picture.name: replace(work, source_bytes=picture.path.stat().st_size)
            for picture, work in zip(others, rest, strict=True)
        },
        factor=factor,
    )


def _work(base: Work, made: Made) -> Work:
    """Return the work of a source with another render; puts include the manifest."""
    return replace(
        base,
        child_cpu_seconds=made.cpu_seconds,
        puts=made.objects + 1,
        variant_bytes=made.variant_bytes,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print the tables or write them into a page; exit code 2 if that fails."""
    parser = argparse.ArgumentParser(prog="tests.bench.cost", description=__doc__)
    parser.add_argument("--images", default="", help="a folder of images")
    parser.add_argument("--build", type=Path, default=Path("build"), help="where images are made")
    parser.add_argument("--write", type=Path, help="a page to write the tables into")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument(
        "--factor", type=float, default=1.0, help="Lambda's CPU seconds for one of this machine's"
    )
    chosen = parser.parse_args(arguments)
    try:
        others = gather(chosen.images, chosen.build / "bench")[:-1]
        camera = camera_picture(chosen.build / "bench")
        tables = page(measure(camera, others, chosen.factor, chosen.repetitions))
        if chosen.write:
            chosen.write.write_text(replace_tables(chosen.write.read_text(), tables))
    except (CannotBench, ValueError) as problem:
        print(problem, file=sys.stderr)
        return EXIT_PROBLEM
    print(tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
