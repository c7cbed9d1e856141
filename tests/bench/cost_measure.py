"""Measures the input of the cost model: CPU seconds by recipe, and the worker's AWS calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot
from tests.bench.busy import batches
from tests.bench.cost_model import Work, write_units
from tests.bench.engine import TIMEOUT_SECONDS
from tests.bench.problem import CannotBench
from tests.bench.recipes import default_recipe

REPETITIONS = 3
DEFAULT = "the default recipe"
EFFORTS = {Codec.AVIF: (0, 1, 2, 4), Codec.WEBP: (0, 2, 4), Codec.JPEG: (0, 1, 3)}
FEW = ("w640", "w1280", "w1920", "thumb")
BIG_THUMB = 600


@dataclass(frozen=True, slots=True)
class Made:
    """The cost and the output of rendering one source; a shared file counts for each variant."""

    cpu_seconds: float
    variant_bytes: int
    objects: int


def choices() -> Mapping[str, Recipe]:
    """Return the default recipe and alternatives to it, by name."""
    default = default_recipe()
    others = {**_efforts(default), **_fewer(default), **_other_variants(default)}
    return {DEFAULT: default, **{name: one for name, one in others.items() if one != default}}


def _efforts(default: Recipe) -> Mapping[str, Recipe]:
    return {
        f"{codec.name} effort {effort} throughout": _with_effort(default, codec, effort)
        for codec, efforts in EFFORTS.items()
        for effort in efforts
    }


def _fewer(default: Recipe) -> Mapping[str, Recipe]:
    names = [each.name for each in default.variants]
    return {
        **{f"without the {slot} slot": _without_slot(default, slot) for slot in Slot},
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


def work_of(source: bytes) -> Work:
    """Return the work of one source, measured with a batch of ten through the worker."""
    (batch,) = batches([source], children=1, rounds=1)
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
    stored = objects = 0
    job = Job(recipe, Limits())
    for reply in child.render(source, job, time_limit_seconds=TIMEOUT_SECONDS):
        if isinstance(reply, DoneFrame):
            return Made(reply.cpu_seconds, stored, objects)
        frame, payload = reply
        stored += len(payload) * len(frame.variants)
        objects += len(frame.variants)
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
