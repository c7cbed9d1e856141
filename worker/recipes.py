"""Reads the recipes that a worker or a renderer uses, from S3 or from a file."""

from pathlib import Path

from shared.cloud.deployed_recipes import S3_SCHEME, deployed_recipes
from shared.cloud.objects import Objects
from shared.model.errors import Misconfigured
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes_json
from shared.settings import Settings


def read_recipes(settings: Settings, objects: Objects) -> RecipeSet:
    """Return the recipes; without a renderer everything is eager."""
    recipes = _stored_recipes(settings.recipes, objects)
    return recipes if settings.on_demand else recipes.all_eager()


def _stored_recipes(place: str, objects: Objects) -> RecipeSet:
    """Return the recipes at `s3://bucket/key` or in a local file, in their JSON form."""
    if place.startswith(S3_SCHEME):
        return deployed_recipes(place, objects)
    return read_recipes_json(_file(place), where=place)


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be used", [f"expected a file: {error}"]) from error
