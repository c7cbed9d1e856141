"""Runs the model's situation for real: runners on a local AWS whose S3 accepts 30 writes a second.

`python -m tests.bench.scale_real --write docs/scale.md` has runners make pictures of 64 pixels, so
that S3 binds and not the CPU, through a proxy that answers SlowDown (`scale_limited_s3.py`). Then
it runs the model with as many runners, and the render time that the real ones had; writes both
into the page; and draws both curves into `build/scale-real.png`.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from scripts.local.instance import BUILD, LocalAwsProblem
from scripts.local.ministack import running_ministack
from scripts.local.stack import create_stack
from tests.bench import scale_tables
from tests.bench.scale_limited_s3 import WriteLog, limited_s3
from tests.bench.scale_model import Samples
from tests.e2e.fleet import Fleet as LocalFleet
from tests.e2e.processes import free_port, worker_environment
from tests.simulator.fleet import OBJECTS_OF_AN_IMAGE, AwsLimits, Fleet
from tests.simulator.world import simulated
from tests.soak.runners import Runner, running
from tests.support.images import jpeg

PUTS_PER_SECOND = 30.0
RUNNERS, IMAGES = 4, 300
STEP_SECONDS = 5.0
SIDE = 64
LONGEST_SECONDS = 1800.0
QUIET_CHECKS = 3
# As many objects of a picture as in the model.
RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "scale",
            "match": {"prefix": ""},
            "variants": [
                {"widths": [24, 32, 40, 48, 56], "formats": ["avif", "webp", "fallback"]}
            ],
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Run:
    """What runners did until the backlog was done; `curve` has accepted writes a second."""

    curve: Sequence[tuple[float, float]]
    seconds: float
    accepted: int
    refused: int
    images: int

    @property
    def share_of_limit(self) -> float:
        """Return the accepted writes as a part of what S3 would have accepted."""
        return self.accepted / (PUTS_PER_SECOND * (self.seconds + 1))

    @property
    def refused_share(self) -> float:
        """Return the refused part of all writes."""
        return self.refused / (self.refused + self.accepted)

    @property
    def writes_of_an_image(self) -> float:
        """Return the accepted writes of each image; over its objects if some are repeated."""
        return self.accepted / self.images


def real(endpoint_url: str, folder: Path, runners: int, images: int) -> tuple[Run, float]:
    """Run real runners, and return what they did, and the mean seconds of a render."""
    stack = create_stack(endpoint_url, RECIPES, visibility_timeout_seconds=600)
    fleet = LocalFleet(stack)
    for number in range(images):
        fleet.put(f"{number}.jpg", jpeg((SIDE, SIDE), seed=number))
    with limited_s3(endpoint_url, stack.variants_bucket, PUTS_PER_SECOND) as (s3_url, log):
        settings = {"AWS_ENDPOINT_URL_S3": s3_url, "PIXFLEET_RENDER_CHILDREN": "1"}
        environment = worker_environment(stack, PIXFLEET_POLL_SECONDS="1", **settings)
        several = [Runner(f"{at}", "worker.runner", environment) for at in range(runners)]
        began_at = time.monotonic()
        with running(several, folder):
            _wait_until_done(fleet, several)
    lines = [line for each in several for line in _lines(folder / f"runner-{each.name}.log")]
    made = sum(line.get("outcome") == "made" for line in lines)
    seconds = log.accepted[-1] - began_at
    run = Run(_curve(log, began_at), seconds, len(log.accepted), log.refused, made)
    return run, mean(line["render_seconds"] for line in lines if "render_seconds" in line)


def model(runners: int, images: int, render_seconds: float) -> Run:
    """Run as many simulated runners with the same limit."""
    with simulated():
        fleet = Fleet(
            workers=runners, images=images, limits=AwsLimits(PUTS_PER_SECOND), are_runners=True
        )
        fleet.workers.render_seconds = render_seconds
        samples = Samples(fleet, STEP_SECONDS, 1.0, of_images=False)
        with fleet.at_work():
            found = fleet.run()
    return Run(samples.curve, found.seconds, found.accepted, found.refused, found.made)


def table(real_run: Run, model_run: Run) -> str:
    """Return both runs in Markdown."""
    head = ("", "seconds", "images/s", "of S3's limit", "writes refused", "writes an image")
    rows = [head, (":--", *["--:"] * (len(head) - 1))]
    for name, run in (("real", real_run), ("model", model_run)):
        rows.append(
            (
                name,
                f"{run.seconds:.0f}",
                f"{run.images / run.seconds:.2f}",
                f"{run.share_of_limit:.0%}",
                f"{run.refused_share:.1%}",
                f"{run.writes_of_an_image:.1f}",
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def plot(real_run: Run, model_run: Run, path: Path) -> None:
    """Draw both curves."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*real_run.curve, strict=True), label="real runners, local AWS")
    axes.plot(*zip(*model_run.curve, strict=True), label="model")
    axes.axhline(PUTS_PER_SECOND, color="grey", linestyle="--", label="the injected limit")
    axes.set(xlabel="seconds", ylabel="accepted PUT/s", ylim=(0, None))
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _wait_until_done(fleet: LocalFleet, several: Sequence[Runner]) -> None:
    queue, quiet = fleet.stack.live_queue, 0
    until = time.monotonic() + LONGEST_SECONDS
    while quiet < QUIET_CHECKS:
        if time.monotonic() > until:
            raise TimeoutError(f"Expected an empty queue within {LONGEST_SECONDS:.0f} s.")
        for each in several:
            each.require_alive()
        is_empty = fleet.waiting(queue) + fleet.in_flight(queue) == 0
        quiet = quiet + 1 if is_empty else 0
        time.sleep(1)


def _lines(log: Path) -> Sequence[Mapping[str, Any]]:
    found = []
    for line in log.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # a traceback of a process that was stopped
    return found


def _curve(log: WriteLog, began_at: float) -> Sequence[tuple[float, float]]:
    steps = Counter(int((at - began_at) // STEP_SECONDS) for at in log.accepted)
    last = max(steps)
    rates = [((step + 1) * STEP_SECONDS, steps[step] / STEP_SECONDS) for step in range(last + 1)]
    return [(0.0, 0.0), *rates]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both, print the table, and draw the plot."""
    parser = argparse.ArgumentParser(prog="tests.bench.scale_real", description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"), help="where the plot goes")
    parser.add_argument("--write", type=Path, help="a page to write the table into")
    parser.add_argument("--runners", type=int, default=RUNNERS)
    parser.add_argument("--images", type=int, default=IMAGES)
    chosen = parser.parse_args(arguments)
    folder = BUILD / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with running_ministack(free_port()) as endpoint_url:
            real_run, seconds = real(endpoint_url, folder, chosen.runners, chosen.images)
    except LocalAwsProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    model_run = model(chosen.runners, chosen.images, seconds)
    plot(real_run, model_run, chosen.build / "scale-real.png")
    print(f"{OBJECTS_OF_AN_IMAGE} objects an image, {seconds:.3f} s a render")
    print(table(real_run, model_run))
    if chosen.write:
        text = chosen.write.read_text()
        chosen.write.write_text(
            scale_tables.written(text, scale_tables.REAL, table(real_run, model_run))
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
