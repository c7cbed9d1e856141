"""Reads recipes: from a YAML file, or from the object that a stack's worker reads."""

from pathlib import Path

from scripts.pixfleet.plan.sources import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.document import Stack
from scripts.pixfleet.stack.recipe_file import recipes_document
from scripts.pixfleet.stack.recipes import deployed_recipes
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes


def recipe_set_of_file(path: Path) -> RecipeSet:
    """Return the recipes of a YAML file; `Misconfigured` with all that is wrong with it."""
    return read_recipes(recipes_document(path), where=str(path))


def recipe_set_of_stack(stack: Stack, clients: AwsClients) -> RecipeSet:
    """Return the recipes by which a stack works now."""
    return deployed_recipes(stack, objects_of(stack, clients))
