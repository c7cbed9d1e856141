"""Models fleets of 20 to 2,000 workers on a new AWS account's limits, with the real worker.

`python -m tests.bench.scale --write docs/scale.md` writes its tables into the page, and plots into
`build/`: `scale.png` has the writes of each fleet on a bucket that is not split, and
`scale-hour.png` the images of two fleets from the first poller on until S3 has split the bucket.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import scale_tables
from tests.bench.scale_model import (
    IMAGES_OF_A_WORKER,
    LONG_SECONDS,
    LONG_SLICE,
    REMADE_IMAGES,
    Long,
    Modelled,
    modelled,
    over_time,
    remade,
)
from tests.simulator.bucket_partitions import SPLIT_SECONDS
from tests.simulator.request_rate import PUTS_PER_SECOND

WORKERS = (20, 100, 350, 600, 1_000, 2_000)
LONG_WORKERS = (1_000, 2_000)
# As many as make 1,000 images a second with renders of 2 s.
REMADE_WORKERS = 2_200


def plot(all_of_them: Sequence[Modelled], path: Path) -> None:
    """Draw the accepted writes a second of each fleet over time."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for each in all_of_them:
        axes.plot(*zip(*each.curve, strict=True), label=f"{each.workers:,} workers")
    axes.axhline(PUTS_PER_SECOND, color="grey", linestyle="--", label="a new bucket's limit")
    axes.set(xlabel="seconds", ylabel="accepted PUT/s", ylim=(0, None))
    axes.legend()
    _save(figure, path)


def plot_hour(all_of_them: Sequence[Long], path: Path) -> None:
    """Draw the images a second of each fleet from its first poller on."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for each in all_of_them:
        minutes = [at / 60 for at, _ in each.curve]
        axes.plot(minutes, [rate for _, rate in each.curve], label=f"{each.workers:,} workers")
    axes.axvline(SPLIT_SECONDS / 60, color="grey", linestyle="--", label="S3 splits the bucket")
    axes.set(xlabel="minutes", ylabel="images/s", ylim=(0, None))
    axes.legend()
    _save(figure, path)


def _save(figure: object, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)  # type: ignore[attr-defined] # matplotlib has no types here


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the models, print their tables, and draw the plots."""
    parser = argparse.ArgumentParser(prog="tests.bench.scale", description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"), help="where the plots go")
    parser.add_argument("--write", type=Path, help="a page to write the tables into")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--images", type=int, default=IMAGES_OF_A_WORKER, help="of each worker")
    parser.add_argument("--long-workers", type=int, nargs="*", default=LONG_WORKERS)
    parser.add_argument("--long-seconds", type=float, default=LONG_SECONDS)
    parser.add_argument("--long-slice", type=int, default=LONG_SLICE, help="simulated workers")
    parser.add_argument("--remade-workers", type=int, default=REMADE_WORKERS)
    parser.add_argument("--remade-images", type=int, default=REMADE_IMAGES, help="of each worker")
    chosen = parser.parse_args(arguments)
    found = [modelled(workers, chosen.images) for workers in chosen.workers]
    plot(found, chosen.build / "scale.png")
    long = [
        over_time(workers, chosen.long_seconds, chosen.long_slice)
        for workers in chosen.long_workers
    ]
    tables = {scale_tables.FLEETS: scale_tables.fleets(found)}
    if long:
        plot_hour(long, chosen.build / "scale-hour.png")
        tables[scale_tables.OVER_TIME] = scale_tables.over_time(long)
    again = remade(chosen.remade_workers, chosen.remade_images)
    tables[scale_tables.REMADE] = scale_tables.remade(again)
    tables[scale_tables.RATES] = scale_tables.rates(chosen.workers)
    print("\n\n".join(tables.values()))
    if chosen.write:
        text = chosen.write.read_text()
        for name, table in tables.items():
            text = scale_tables.written(text, name, table)
        chosen.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
