"""Brings together what a plan compares: the recipes of both sides, the sources, the limits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.plan.changes import RecipeSetChange
from scripts.pixfleet.plan.object_count import objects_in
from scripts.pixfleet.plan.sources import BucketSources, FolderSources, Sources
from scripts.pixfleet.plan.totals import Machines
from scripts.pixfleet.pricing.prices import MEGABYTES_PER_VCPU
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.document import BULK, LIVE, Stack
from scripts.pixfleet.stack.recipe_file import read_recipe_file
from shared.clock import SystemClock
from shared.cloud.deployed_recipes import deployed_recipes
from shared.model.errors import Misconfigured
from shared.model.limits import Limits
from shared.settings import read_settings

# The bulk lane of the stack as it is shipped: terraform/variables.tf.
DEFAULT_MACHINES = Machines(environments=20, vcpus=1.0)
DEFAULT_RENDER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a plan is about. `count` asks how many sources there are, if it can."""

    recipe_sets: RecipeSetChange
    sources: Sources
    limits: Limits
    render_seconds: float
    machines: Machines
    count: Callable[[], int | None]


def scene_of_folder(file: Path, against: Path | None, images: Path) -> Scene:
    """Return a scene without a stack; `Misconfigured` with every problem of both files."""
    if against is None:
        raise Misconfigured(
            "Nothing was planned", ["--images needs --against: the recipes of now, in YAML"]
        )
    return Scene(
        recipe_sets=_recipe_sets(file, against),
        sources=FolderSources(images),
        limits=Limits(),
        render_seconds=DEFAULT_RENDER_SECONDS,
        machines=DEFAULT_MACHINES,
        count=lambda: None,
    )


def scene_of_stack(file: Path, against: Path | None, stack: Stack, clients: AwsClients) -> Scene:
    """Return a scene of a stack's sources, limits and recipes; `against` overrules the last."""
    if against:
        recipe_sets = _recipe_sets(file, against)
    else:
        recipe_sets = RecipeSetChange(
            deployed_recipes(stack.recipes, objects_of(stack, clients)), read_recipe_file(file)
        )
    settings = read_settings(stack.environment)
    return Scene(
        recipe_sets=recipe_sets,
        sources=BucketSources(clients, stack),
        limits=settings.limits,
        render_seconds=settings.render_seconds,
        machines=_machines(stack),
        count=lambda: objects_in(clients.cloudwatch, stack.sources_bucket, SystemClock()),
    )


def _machines(stack: Stack) -> Machines:
    lane = stack.lanes.get(BULK) or stack.lanes[LIVE]
    vcpus = max(1.0, stack.memory_mb / MEGABYTES_PER_VCPU)
    return Machines(lane.maximum_concurrency, vcpus, stack.architecture)


def _recipe_sets(file: Path, against: Path) -> RecipeSetChange:
    """Return both sides; `Misconfigured` with all that is wrong with either."""
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
        told = [f"{each.what}: {one}" for each in refused for one in each.problems]
        raise Misconfigured("Nothing was planned", told)
    return RecipeSetChange(*recipe_sets)
