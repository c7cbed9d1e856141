"""Computes what a million sources cost, from measured CPU seconds and AWS's prices.

`python -m tests.bench.cost --write docs/cost.md` writes the tables into the page. Run it on a
quiet machine, and again after each change of the default recipe or the encoders. Below the tables
it prints the figures that other files have from the page, to be copied by hand.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scripts.pixfleet.pricing.first_requests import DEFAULT_REQUESTS
from tests.bench.cost_bill import Costs
from tests.bench.cost_measure import (
    ALL_EAGER,
    DEFAULT,
    REPETITIONS,
    Made,
    choices,
    lazy_files,
    render_all,
    work_of,
)
from tests.bench.cost_model import LAMBDA_LOG_BYTES, Work
from tests.bench.cost_table import page, replace_tables
from tests.bench.pictures import Picture, camera_picture, gather
from tests.bench.problem import CannotBench

EXIT_PROBLEM = 2


def measure(camera: Picture, others: Sequence[Picture], factor: float, repetitions: int) -> Costs:
    """Return the costs of the camera's picture under each choice, and of the other pictures."""
    recipes, base = choices(), work_of(camera.data, on_demand=True)
    eager = work_of(camera.data, on_demand=False)
    tasks = [(camera.data, recipe) for recipe in recipes.values()]
    tasks += [(picture.data, recipes[DEFAULT]) for picture in others]
    made = render_all(tasks, repetitions)
    chosen, rest = made[: len(recipes)], made[len(recipes) :]
    bases = {ALL_EAGER: eager}
    return Costs(
        choices={
            name: _work(bases.get(name, base), one)
            for name, one in zip(recipes, chosen, strict=True)
        },
        others={
            picture.name: replace(_work(base, one), source_bytes=picture.path.stat().st_size)
            for picture, one in zip(others, rest, strict=True)
        },
        lazy=lazy_files(camera.data, recipes[DEFAULT], repetitions),
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


def constants(costs: Costs) -> str:
    """Return the figures that `scripts/pixfleet/pricing` and docs/deploy.md have from the page."""
    work, items = costs.default, {item.what: item.amount for item in costs.items(costs.default)}
    stored = f"{work.puts - 1}, {round(work.variant_bytes, -3):_.0f}"
    return "\n".join(
        (
            f"PARENT_GIGABYTE_SECONDS = {items['Lambda: the parent, and waiting']:.4g}",
            f"LOG_BYTES = {work.log_bytes + work.share * LAMBDA_LOG_BYTES:.4g}",
            f"DEFAULT_AVERAGES = {work.child_cpu_seconds:.2f}, {stored}",
            f"docs/deploy.md: {costs.together(DEFAULT_REQUESTS):.2f}",
        )
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
        costs = measure(camera, others, chosen.factor, chosen.repetitions)
        tables = page(costs)
        if chosen.write:
            chosen.write.write_text(replace_tables(chosen.write.read_text(), tables))
    except (CannotBench, ValueError) as problem:
        print(problem, file=sys.stderr)
        return EXIT_PROBLEM
    print(f"{tables}\n\n{constants(costs)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
