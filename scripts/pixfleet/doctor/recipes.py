"""Whether the recipes that the worker reads are there, can be used, and are the newest."""

from collections.abc import Iterator
from pathlib import Path

from scripts.pixfleet.doctor.result import Finding, Verdict, wrong
from scripts.pixfleet.doctor.stack_under_test import Patient
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.recipe_file import read_recipe_file
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.errors import Missing
from shared.model.errors import Misconfigured
from shared.model.recipe import RecipeSet

AREA = "recipes"
LOCAL = Path("recipes.yaml")


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of the recipes."""
    stack = patient.stack
    objects = objects_of(stack, patient.clients)
    try:
        recipe_set = deployed_recipes(stack.recipes, objects)
    except Missing as refused:
        told = f"{stack.recipes}: {refused}"
        yield wrong(AREA, told, "terraform apply: the worker cannot start")
        return
    except Misconfigured as refused:
        told = f"{stack.recipes}: {'; '.join(refused.problems)}"
        yield wrong(AREA, told, "`pixfleet recipes check`, then terraform apply")
        return
    yield Finding(
        AREA, f"{stack.recipes}: {', '.join(recipe.name for recipe in recipe_set.recipes)}"
    )
    if LOCAL.is_file():
        yield _local(recipe_set)


def _local(deployed: RecipeSet) -> Finding:
    if read_recipe_file(LOCAL) == deployed:
        return Finding(AREA, f"{LOCAL} here is what is deployed")
    told = f"{LOCAL} here differs from what is deployed: `pixfleet plan` says what it would change"
    return Finding(AREA, told, Verdict.SKIPPED)
