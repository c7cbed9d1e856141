"""Reads recipes: from a YAML file, or from the object that a stack's worker reads."""

from pathlib import Path

from scripts.operator.book import deployed_recipes
from scripts.operator.reach import Reach
from scripts.operator.stack import Stack
from scripts.planning.sources import objects_of
from scripts.recipe_file import recipes_document
from shared.model.recipe import RecipeBook
from shared.model.recipe_reader import read_recipes


def book_of_file(path: Path) -> RecipeBook:
    """Return the recipes of a YAML file; `Misconfigured` with all that is wrong with it."""
    return read_recipes(recipes_document(path), where=str(path))


def book_of_stack(stack: Stack, reach: Reach) -> RecipeBook:
    """Return the recipes by which a stack works now."""
    return deployed_recipes(stack, objects_of(stack, reach))
