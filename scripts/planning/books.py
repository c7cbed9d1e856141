"""Reads recipes: from a YAML file, or from the object that a stack's worker reads."""

import json
from pathlib import Path

from scripts.operator.reach import Reach
from scripts.operator.stack import Stack
from scripts.planning.sources import objects_of
from scripts.recipe_file import recipes_document
from shared.model.errors import Misconfigured
from shared.model.recipe import RecipeBook
from shared.model.recipe_reader import read_recipes


def book_of_file(path: Path) -> RecipeBook:
    """Return the recipes of a YAML file; `Misconfigured` with all that is wrong with it."""
    return read_recipes(recipes_document(path), where=str(path))


def book_of_stack(stack: Stack, reach: Reach) -> RecipeBook:
    """Return the recipes by which a stack works now."""
    bucket, _, key = stack.recipes.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise Misconfigured(
            f"The recipes of {stack.prefix} cannot be read",
            [f"expected s3://bucket/key, got {stack.recipes!r}"],
        )
    text = objects_of(stack, reach).read_recipes(bucket, key)
    try:
        return read_recipes(json.loads(text), where=stack.recipes)
    except (ValueError, RecursionError) as error:
        raise Misconfigured(
            f"{stack.recipes} cannot be used", [f"expected JSON: {error}"]
        ) from error
