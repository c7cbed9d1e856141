"""Reads the recipes that a stack's workers use: a JSON object in S3 that Terraform writes."""

from shared.cloud.objects import Objects
from shared.model.errors import Misconfigured
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes_json

S3_SCHEME = "s3://"


def deployed_recipes(url: str, objects: Objects) -> RecipeSet:
    """Return the recipes at `s3://bucket/key`.

    Raises `Misconfigured` if the URL or the document is invalid, and `Missing` if the object does
    not exist.
    """
    bucket, _, key = url.removeprefix(S3_SCHEME).partition("/")
    if not url.startswith(S3_SCHEME) or not bucket or not key:
        raise Misconfigured(f"{url} cannot be used", ["expected s3://bucket/key"])
    return read_recipes_json(objects.read_recipes(bucket, key), where=url)
