"""The recipes that a stack's worker reads: what is made now, whatever the file here says."""

import json
from collections.abc import Callable

from scripts.operator.stack import Stack
from shared.clock import SystemClock
from shared.cloud.objects import Objects
from shared.deadline import Deadline
from shared.model.errors import Misconfigured
from shared.model.recipe import Recipe, RecipeBook
from shared.model.recipe_reader import read_recipes
from worker.marks import Marks

MARK_SECONDS = 120.0


def deployed_recipes(stack: Stack, objects: Objects) -> RecipeBook:
    """Return the stack's recipes; `Misconfigured` if what is deployed cannot be read."""
    bucket, _, key = stack.recipes.removeprefix("s3://").partition("/")
    try:
        document = json.loads(objects.read_recipes(bucket, key))
    except ValueError as error:
        problem = f"expected JSON: {error}"
        raise Misconfigured(f"{stack.recipes} cannot be used", [problem]) from error
    return read_recipes(document, where=stack.recipes)


def dated_fingerprints(objects: Objects) -> Callable[[Recipe], str]:
    """Return what gives a recipe's fingerprint, its watermark as it was when first asked for."""
    marks, known = Marks(objects), dict[str, str]()

    def fingerprint(recipe: Recipe) -> str:
        if recipe.name not in known:
            deadline = Deadline.after(MARK_SECONDS, SystemClock())
            known[recipe.name] = marks.resolve(recipe, deadline).recipe.fingerprint
        return known[recipe.name]

    return fingerprint
