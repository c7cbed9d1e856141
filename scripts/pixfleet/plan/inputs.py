"""Collects what `pixfleet plan` compares: both recipe sets, the sources and the limits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.plan.changes import RecipeSetChange
from scripts.pixfleet.plan.estimate import Capacity
from scripts.pixfleet.plan.object_count import objects_in
from scripts.pixfleet.plan.sources import BucketSources, FolderSources, Sources
from scripts.pixfleet.pricing.prices import MEGABYTES_PER_VCPU
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.recipe_file import read_recipe_file
from scripts.pixfleet.stack.ssm_parameter import BULK, LIVE, Stack
from scripts.pixfleet.stack.stack_recipes import as_used_by, stack_recipes
from shared.clock import SystemClock
from shared.model.errors import Misconfigured
from shared.model.limits import Limits
from shared.settings import read_settings

# The bulk lane's defaults in terraform/variables.tf.
DEFAULT_CAPACITY = Capacity(environments=20, vcpus=1.0)
DEFAULT_RENDER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What a plan compares, and with which limits.

    `count` returns how many sources there are, or None if that is unknown. `lacks_renderer` says
    that the stack makes at upload what the new recipes make lazily.
    """

    recipe_sets: RecipeSetChange
    sources: Sources
    limits: Limits
    render_seconds: float
    capacity: Capacity
    count: Callable[[], int | None]
    lacks_renderer: bool = False


def inputs_of_folder(file: Path, against: Path | None, images: Path) -> PlanInputs:
    """Return the inputs without a stack; `Misconfigured` with every problem of both files."""
    if against is None:
        raise Misconfigured(
            "Nothing was planned", ["--images needs --against: the current recipes, in YAML"]
        )
    return PlanInputs(
        recipe_sets=_both_files(file, against),
        sources=FolderSources(images),
        limits=Limits(),
        render_seconds=DEFAULT_RENDER_SECONDS,
        capacity=DEFAULT_CAPACITY,
        count=lambda: None,
    )


def inputs_of_stack(
    file: Path, against: Path | None, stack: Stack, clients: AwsClients
) -> PlanInputs:
    """Return the inputs of a stack; `against` replaces its deployed recipes."""
    if against:
        written = _both_files(file, against)
    else:
        deployed = stack_recipes(stack, objects_of(stack, clients))
        written = RecipeSetChange(deployed, read_recipe_file(file))
    recipe_sets = RecipeSetChange(as_used_by(stack, written.old), as_used_by(stack, written.new))
    settings = read_settings(stack.environment)
    return PlanInputs(
        recipe_sets=recipe_sets,
        sources=BucketSources(clients, stack),
        limits=settings.limits,
        render_seconds=settings.render_seconds,
        capacity=_capacity(stack),
        count=lambda: objects_in(clients.cloudwatch, stack.sources_bucket, SystemClock()),
        lacks_renderer=recipe_sets.new != written.new,
    )


def _capacity(stack: Stack) -> Capacity:
    lane = stack.lanes.get(BULK) or stack.lanes[LIVE]
    vcpus = max(1.0, stack.memory_mb / MEGABYTES_PER_VCPU)
    return Capacity(lane.maximum_concurrency, vcpus, stack.architecture)


def _both_files(file: Path, against: Path) -> RecipeSetChange:
    """Return both recipe sets; `Misconfigured` with every problem of both files."""
    recipe_sets = []
    refused: list[Misconfigured] = []
    for path in (against, file):
        try:
            recipe_sets.append(read_recipe_file(path))
        except Misconfigured as problem:
            refused.append(problem)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        problems = [f"{each.what}: {one}" for each in refused for one in each.problems]
        raise Misconfigured("Nothing was planned", problems)
    return RecipeSetChange(*recipe_sets)
