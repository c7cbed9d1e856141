"""The recipes that a stack's worker reads: what is made now, whatever the file here says."""

import json
from collections.abc import Callable

from scripts.pixfleet.stack.document import Stack
from shared.clock import SystemClock
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Marks
from shared.deadline import Deadline
from shared.model.errors import Misconfigured
from shared.model.recipe import Recipe, RecipeSet
from shared.model.recipe_reader import read_recipes

MARK_SECONDS = 120.0


def deployed_recipes(stack: Stack, objects: Objects) -> RecipeSet:
    """Return the stack's recipes; `Misconfigured` if what is deployed cannot be read."""
    where = stack.recipes
    bucket, _, key = where.removeprefix("s3://").partition("/")
    if not where.startswith("s3://") or not bucket or not key:
        raise Misconfigured(f"{where} cannot be used", ["expected s3://bucket/key"])
    try:
        document = json.loads(objects.read_recipes(bucket, key))
    except (ValueError, RecursionError) as error:
        raise Misconfigured(f"{where} cannot be used", [f"expected JSON: {error}"]) from error
    return read_recipes(document, where=where)


def dated_fingerprints(objects: Objects) -> Callable[[Recipe], str]:
    """Return what gives a recipe's fingerprint, its watermark as it was when first asked for."""
    marks, known = Marks(objects), dict[str, str]()

    def fingerprint(recipe: Recipe) -> str:
        if recipe.name not in known:
            deadline = Deadline.after(MARK_SECONDS, SystemClock())
            known[recipe.name] = marks.resolve(recipe, deadline).recipe.fingerprint
        return known[recipe.name]

    return fingerprint
