"""Models fleets of 20 to 2,000 workers on a new bucket, in virtual time, with the real worker.

`python -m tests.bench.scale --write docs/scale.md` writes its table into the page, and a plot into
`build/`. A worker sees nothing of the others but S3's answers, so that a dozen workers on a
bucket that accepts their share of 3,500 writes a second are in the situation of a whole fleet
(`tests/simulator/fleet.py`). The bucket is never split here: the figures are those of its first
half an hour.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.pricing.prices import MEGABYTES_PER_VCPU
from tests.simulator.fleet import OBJECTS_OF_AN_IMAGE, Fleet
from tests.simulator.request_rate import PUTS_PER_SECOND
from tests.simulator.world import simulated

WORKERS = (20, 100, 350, 600, 1_000, 2_000)
SLICE = 12
IMAGES_OF_A_WORKER = 40
STEP_SECONDS = 10.0
MILLION = 1_000_000
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
FIRST_WORKERS, WORKERS_A_MINUTE = 5, 300
# https://aws.amazon.com/lambda/pricing/: arm64, us-east-1
DOLLARS_A_GIGABYTE_SECOND = 0.0000133334
BEGIN, END = "<!-- the model's table -->", "<!-- end of the model's table -->"


@dataclass(frozen=True, slots=True)
class Modelled:
    """What a fleet of so many workers does; `curve` are its accepted writes a second by time."""

    workers: int
    images_per_second: float
    share_of_limit: float
    refused_share: float
    wasted: int
    curve: Sequence[tuple[float, float]]

    @property
    def million_seconds(self) -> float:
        """Return how long a million images take, with the ramp of the event source mapping."""
        ramp = max(0, self.workers - FIRST_WORKERS) / WORKERS_A_MINUTE * 60
        return MILLION / self.images_per_second + ramp / 2

    @property
    def million_dollars(self) -> float:
        """Return what Lambda charges for the workers' time of a million images."""
        gigabytes = MEGABYTES_PER_VCPU / 1024
        seconds = MILLION / self.images_per_second * self.workers
        return seconds * gigabytes * DOLLARS_A_GIGABYTE_SECOND


def modelled(workers: int, images: int = IMAGES_OF_A_WORKER) -> Modelled:
    """Run a slice of the fleet and return the figures of the whole."""
    some = min(SLICE, workers)
    factor = workers / some
    curve = [(0.0, 0.0)]
    with simulated():
        fleet = Fleet(workers=some, images=some * images, puts_per_second=PUTS_PER_SECOND / factor)
        began_at, before = fleet.scheduler.time, 0

        def sample() -> None:
            nonlocal before
            rate = (fleet.rate.accepted - before) / STEP_SECONDS * factor
            before = fleet.rate.accepted
            curve.append((fleet.scheduler.time - began_at, rate))
            fleet.scheduler.after(STEP_SECONDS, sample)

        fleet.scheduler.after(STEP_SECONDS, sample)
        with fleet.at_work():
            figures = fleet.run()
    seconds = figures.seconds
    used = figures.made * OBJECTS_OF_AN_IMAGE / seconds * factor
    return Modelled(
        workers=workers,
        images_per_second=figures.made / seconds * factor,
        share_of_limit=used / PUTS_PER_SECOND,
        refused_share=figures.refused_share,
        wasted=figures.wasted,
        curve=curve,
    )


def table(all_of_them: Sequence[Modelled]) -> str:
    """Return the figures of each fleet as a table in Markdown."""
    head = (
        *("workers", "images/s", "of S3's limit", "writes refused", "renders thrown away"),
        *("a million takes", "Lambda's time, $ per million"),
    )
    rows = [head, ("--:",) * len(head), *map(_row, all_of_them)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(each: Modelled) -> tuple[str, ...]:
    return (
        f"{each.workers:,}",
        f"{each.images_per_second:.1f}",
        f"{each.share_of_limit:.0%}",
        f"{each.refused_share:.1%}",
        f"{each.wasted}",
        f"{each.million_seconds / 3600:.1f} h",
        f"{each.million_dollars:,.0f}",
    )


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
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the model, print its table, and draw the plot."""
    parser = argparse.ArgumentParser(prog="tests.bench.scale", description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"), help="where the plot goes")
    parser.add_argument("--write", type=Path, help="a page to write the table into")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--images", type=int, default=IMAGES_OF_A_WORKER, help="of each worker")
    chosen = parser.parse_args(arguments)
    found = [modelled(workers, chosen.images) for workers in chosen.workers]
    plot(found, chosen.build / "scale.png")
    print(table(found))
    if chosen.write:
        text = chosen.write.read_text()
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        chosen.write.write_text(f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
