"""Measures the input of the cost model: CPU seconds by recipe, and the worker's AWS calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from scripts.pixfleet.plan.lazy import LazyFile
from scripts.pixfleet.pricing.first_requests import shares_of_requests
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot
from tests.bench.busy import batches
from tests.bench.cost_model import Work, write_units
from tests.bench.engine import TIMEOUT_SECONDS
from tests.bench.problem import CannotBench
from tests.bench.recipes import shipped_recipe
from worker.variant_set import VariantSet

REPETITIONS = 3
DEFAULT, ALL_EAGER = "the default recipe", "all files at upload"
# WebP is lazy, so an effort of it changes nothing at upload.
EFFORTS = {Codec.AVIF: (0, 1, 2, 4), Codec.JPEG: (0, 1, 3)}
FEW = ("w640", "w1280", "w1920", "thumb")
BIG_THUMB = 600


@dataclass(frozen=True, slots=True)
class Made:
    """The cost and the output of rendering one source at upload, where there is a renderer."""

    cpu_seconds: float
    variant_bytes: int
    objects: int


def choices() -> Mapping[str, Recipe]:
    """Return the default recipe and alternatives to it, by name."""
    default = shipped_recipe()
    others = {**_efforts(default), **_fewer(default), **_other_variants(default)}
    return {
        DEFAULT: default,
        ALL_EAGER: default.all_eager(),
        **{name: one for name, one in others.items() if one != default},
    }


def _efforts(default: Recipe) -> Mapping[str, Recipe]:
    return {
        f"{codec.name} effort {effort} throughout": _with_effort(default, codec, effort)
        for codec, efforts in EFFORTS.items()
        for effort in efforts
    }


def _fewer(default: Recipe) -> Mapping[str, Recipe]:
    names = [each.name for each in default.variants]
    return {
        "without the avif slot, webp at upload": _without_slot(default.all_eager(), Slot.AVIF),
        "without the fallback slot": _without_slot(default, Slot.FALLBACK),
        **{f"without {name}": _only(default, {*names} - {name}) for name in names},
        f"only {', '.join(FEW)}": _only(default, FEW),
    }


def _other_variants(default: Recipe) -> Mapping[str, Recipe]:
    big = tuple(
        replace(each, width=BIG_THUMB, height=BIG_THUMB) if each.name == "thumb" else each
        for each in default.variants
    )
    return {
        f"a thumb of {BIG_THUMB} pixels": replace(default, variants=big),
        "without placeholder": replace(default, placeholder=False),
    }


def render_all(tasks: Sequence[tuple[bytes, Recipe]], repetitions: int) -> list[Made]:
    """Return the figures of each task's fastest repetition, by CPU time.

    Other processes on a core's second thread and in its caches can only lengthen a CPU time. The
    tasks alternate, because such a disturbance lasts for a while.
    """
    child = RenderChild(Limits().memory_bytes)
    try:
        rounds = [[_render(child, *task) for task in tasks] for _ in range(repetitions)]
    finally:
        child.stop()
    return [min(turns, key=lambda one: one.cpu_seconds) for turns in zip(*rounds, strict=True)]


def lazy_files(source: bytes, recipe: Recipe, repetitions: int) -> tuple[LazyFile, ...]:
    """Return the lazy files of a source, each rendered alone as at its first request."""
    shares, names = shares_of_requests(recipe), recipe.lazy_names()
    child = RenderChild(Limits().memory_bytes)
    try:
        rounds = [
            [_first(child, source, recipe, name) for name in names] for _ in range(repetitions)
        ]
    finally:
        child.stop()
    fastest = [min(turns) for turns in zip(*rounds, strict=True)]
    return tuple(
        LazyFile(*name, size_bytes, seconds, shares[name])
        for name, (seconds, size_bytes) in zip(names, fastest, strict=True)
    )


def work_of(source: bytes, *, on_demand: bool) -> Work:
    """Return the work of one source, measured with a batch of ten through the worker."""
    (batch,) = batches([source], children=1, rounds=1, on_demand=on_demand)
    figures, images = batch.figures(), len(batch.spans)
    cpu = figures["child_cpu_seconds_per_image"]
    calls = {name: count / images for name, count in batch.calls.items()}
    writes = round(calls["UpdateItem"])
    return Work(
        child_cpu_seconds=cpu,
        parent_cpu_seconds=figures["parent_cpu_seconds_per_image"],
        idle_seconds=cpu / figures["busy"] - cpu,
        puts=round(calls["PutObject"]),
        gets=round(calls["HeadObject"] + calls["GetObject"]),
        write_units=writes * write_units(batch.item_bytes),
        read_units=round(calls["GetItem"]),
        log_bytes=figures["log_bytes_per_image"],
        variant_bytes=batch.stored_bytes / images,
        source_bytes=len(source),
    )


def _render(child: RenderChild, source: bytes, recipe: Recipe) -> Made:
    """Render one source, and divide its files as a worker does that has a renderer."""
    job, variants = Job(recipe, Limits()), VariantSet(recipe, has_renderer=True)
    for reply in child.render(source, job, time_limit_seconds=TIMEOUT_SECONDS):
        if isinstance(reply, DoneFrame):
            return Made(reply.cpu_seconds, variants.size_bytes, len(variants.stored))
        frame, payload = reply
        variants.add_file(frame, len(payload))
    raise CannotBench("Expected DoneFrame from a render child, got nothing.")


def _first(
    child: RenderChild, source: bytes, recipe: Recipe, name: tuple[str, Slot]
) -> tuple[float, int]:
    """Return CPU seconds and bytes of one file that is made alone."""
    job, size_bytes = Job(recipe, Limits(), only=name), 0
    for reply in child.render(source, job, time_limit_seconds=TIMEOUT_SECONDS):
        if isinstance(reply, DoneFrame):
            return reply.cpu_seconds, size_bytes
        size_bytes = len(reply[1])
    raise CannotBench("Expected DoneFrame from a render child, got nothing.")


def _with_effort(recipe: Recipe, codec: Codec, effort: int) -> Recipe:
    variants = (replace(each, effort={**each.effort, codec: effort}) for each in recipe.variants)
    return replace(recipe, variants=tuple(variants))


def _only(recipe: Recipe, names: Collection[str]) -> Recipe:
    return replace(recipe, variants=tuple(one for one in recipe.variants if one.name in names))


def _without_slot(recipe: Recipe, slot: Slot) -> Recipe:
    fewer = (
        replace(each, slots=tuple(one for one in each.slots if one != slot))
        for each in recipe.variants
    )
    return replace(recipe, variants=tuple(each for each in fewer if each.slots))
