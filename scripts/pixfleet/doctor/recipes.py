"""Checks that the deployed recipes exist, can be used, and equal the local file."""

from collections.abc import Iterator
from pathlib import Path

from scripts.pixfleet.doctor.finding import Finding, FindingStatus, wrong
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.recipe_file import read_recipe_file
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.errors import Missing
from shared.model.errors import Misconfigured
from shared.model.recipe import RecipeSet

AREA = "recipes"
LOCAL = Path("recipes.yaml")


def check(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield findings about the recipes."""
    stack = subject.stack
    objects = objects_of(stack, subject.clients)
    try:
        recipe_set = deployed_recipes(stack.recipes, objects)
    except Missing as refused:
        what = f"{stack.recipes}: {refused}"
        yield wrong(AREA, what, "terraform apply: the worker cannot start")
        return
    except Misconfigured as refused:
        what = f"{stack.recipes}: {'; '.join(refused.problems)}"
        yield wrong(AREA, what, "`pixfleet recipes check`, then terraform apply")
        return
    yield Finding(
        AREA, f"{stack.recipes}: {', '.join(recipe.name for recipe in recipe_set.recipes)}"
    )
    if LOCAL.is_file():
        yield _local(recipe_set)


def _local(deployed: RecipeSet) -> Finding:
    if read_recipe_file(LOCAL) == deployed:
        return Finding(AREA, f"{LOCAL} in this folder is what is deployed")
    what = f"{LOCAL} in this folder is not what is deployed: `pixfleet plan` shows the changes"
    return Finding(AREA, what, FindingStatus.SKIPPED)
