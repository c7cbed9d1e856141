"""Measures the share of time in which render children render, if every S3 call takes 60 ms.

A batch of ten messages goes through the real worker (`worker.batch.Consumer` with its threads, its
boto3 clients and its render children) and an AWS that answers from memory (`busy_aws`).

`busy` is C / (C + I). C is the CPU time of the children. I is their idle wall-clock time: the time
without an image, and the time in which the parent did not read their output. Other processes of
the machine do not lower `busy` while a child renders, but they do if they lengthen idle time. The
milliseconds in which a source's bytes are sent to the child are in neither. The parent's CPU time
is in neither, too, because it has a core of its own here; `busy_one_core` adds all of it to the
idle time, which is the least that a Lambda of one vCPU can reach. `busy_strict` is C over children
times seconds, for quiet machines. `python -m tests.bench.busy` prints these figures only.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import structlog

from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.clock import SystemClock
from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.outcome import Outcome
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from tests.bench.busy_aws import AwsInMemory
from tests.bench.busy_watch import Batch, WatchedRenderPool
from tests.bench.pictures import Picture, gather
from tests.bench.problem import CannotBench
from tests.bench.rounds import OtherProcesses
from tests.support.images import jpeg
from worker.batch import Consumer
from worker.context import WorkerContext, build_context

BATCH = 10
BATCH_SECONDS = 900.0
ROUNDS = 3
# 300 KB, as editors upload: little rendering per image, so S3's latency matters most.
SMALL_SIZE = (1200, 800)
SOURCES = "sources"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    # The caller's configuration could name another endpoint.
    "AWS_CONFIG_FILE": os.devnull,
}
Figures = dict[str, object]


def busy(pictures: Sequence[Picture], *, rounds: int = ROUNDS) -> Figures:
    """Return the figures of one child, of two children and of small pictures.

    If there are fewer than ten pictures, they are repeated.
    """
    sources = [picture.data for picture in pictures[:BATCH]]
    small = [jpeg(SMALL_SIZE, seed=seed) for seed in range(1, BATCH + 1)]
    return {
        **summary(batches(sources, children=1, rounds=rounds)),
        "two_children": summary(batches(sources, children=2, rounds=1)),
        "small": summary(batches(small, children=1, rounds=rounds)),
    }


def summary(made: Sequence[Batch]) -> Figures:
    """Return the median of each figure, and the lowest and highest `busy` of the batches."""
    figures = [batch.figures() for batch in made]
    shares = [each["busy"] for each in figures]
    medians = {name: median(each[name] for each in figures) for name in figures[0]}
    return {**medians, "busy_lowest": min(shares), "busy_highest": max(shares)}


def batches(
    sources: Sequence[bytes], *, children: int, rounds: int, on_demand: bool = False
) -> tuple[Batch, ...]:
    """Return batches of ten through one worker, after one image per child as a warm-up.

    Lazy files are made only without a renderer, so unless `on_demand`.
    """
    ten = {f"photos/{at:05}.jpg": sources[at % len(sources)] for at in range(BATCH)}
    fleet = _worker_context(children, on_demand=on_demand)
    render_pool = WatchedRenderPool(fleet.render_pool)
    aws, consumer = AwsInMemory(ten), Consumer(replace(fleet, render_pool=render_pool))
    aws.connect(fleet)
    try:
        for _ in range(children):
            _batch(consumer, render_pool, aws, list(ten)[:1])
        return tuple(_batch(consumer, render_pool, aws, list(ten)) for _ in range(rounds))
    finally:
        consumer.close()
        structlog.reset_defaults()


def _batch(
    consumer: Consumer, render_pool: WatchedRenderPool, aws: AwsInMemory, keys: Sequence[str]
) -> Batch:
    messages = [_message(key) for key in keys]
    render_pool.spans.clear()
    aws.calls.clear()
    with redirect_stderr(StringIO()) as said:
        configure_logging("json", fleet="photos")
        other_processes = OtherProcesses()
        parent, began = time.process_time(), time.perf_counter()
        results = consumer.consume(messages, Deadline.after(BATCH_SECONDS, SystemClock()))
        seconds, parent = time.perf_counter() - began, time.process_time() - parent
    if {result.outcome for result in results} != {Outcome.MADE}:
        raise CannotBench(f"Expected images that can be rendered, got {said.getvalue()[:500]}")
    cpu = parent + sum(span.cpu_seconds for span in render_pool.spans)
    return Batch(
        children=render_pool.size,
        began=began,
        seconds=seconds,
        spans=tuple(render_pool.spans),
        parent_seconds=parent,
        others_cores=other_processes.cores(cpu),
        log_bytes=len(said.getvalue().encode()),
        calls=dict(aws.calls),
        item_bytes=max(aws.item_bytes.values()),
        stored_bytes=sum(aws.stored_bytes.values()),
    )


def _worker_context(children: int, *, on_demand: bool) -> WorkerContext:
    """Return a worker's context from `build_context`, with invalid credentials."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = patch.dict("os.environ", {**others, **ENVIRONMENT}, clear=True)
    with TemporaryDirectory() as folder, environment:
        recipes = Path(folder) / "recipes.json"
        recipes.write_text(json.dumps(recipes_document()))
        settings = {
            "PIXFLEET_FLEET": "photos",
            "PIXFLEET_SOURCES_BUCKET": SOURCES,
            "PIXFLEET_VARIANTS_BUCKET": "variants",
            "PIXFLEET_LEDGER_TABLE": "ledger",
            "PIXFLEET_DEAD_LETTER_QUEUE": "dead",
            "PIXFLEET_RECIPES": str(recipes),
            "PIXFLEET_RENDER_CHILDREN": str(children),
            "PIXFLEET_ON_DEMAND": str(on_demand).lower(),
            "PIXFLEET_SERVING_TABLE": "serving",
        }
        return build_context(read_settings(settings))


def _message(key: str) -> Message:
    entity = {"bucket": {"name": SOURCES}, "object": {"key": key}}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": entity,
    }
    return Message(key, "receipt", json.dumps({"Records": [record]}), 1, "live", None)


def lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the figures as text, three lines for each kind of batch."""
    kinds = {
        "one child": figures,
        "two children": figures["two_children"],
        "one child, small pictures (information)": figures["small"],
    }
    return [line for title, one in kinds.items() for line in _lines_of(title, one)]


def _lines_of(title: str, one: Mapping[str, float]) -> tuple[str, ...]:
    idle = {name: f"{100 * share:.1f} %" for name, share in one.items() if "idle" in name}
    spread = f"{one['busy_lowest']:.3f} to {one['busy_highest']:.3f}"
    shares = f"on one core {one['busy_one_core']:.3f}, strict {one['busy_strict']:.3f}"
    child, parent = one["child_cpu_seconds_per_image"], one["parent_cpu_seconds_per_image"]
    where = (
        f"before the first image {idle['idle_before_first']}, between {idle['idle_between']}, "
        f"after the last {idle['idle_after_last']}, not read {idle['idle_held_up']}"
    )
    return (
        f"Busy, {title}: {one['busy']:.3f} ({spread}), {shares}",
        f"  CPU of an image: child {child:.2f} s, parent {parent:.3f} s",
        f"  idle: {where}",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="tests.bench.busy", description=busy.__doc__)
    parser.add_argument("--images", default="", help="a folder of images")
    parser.add_argument("--build", type=Path, default=Path("build"), help="where images are made")
    chosen = parser.parse_args(arguments)
    pictures = gather(chosen.images, chosen.build / "bench")
    print("\n".join(lines(busy(pictures))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
