"""The recipes of a stack as its workers use them."""

from scripts.pixfleet.stack.buckets import current_fingerprints
from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.objects import Objects
from shared.model.recipe import RecipeSet
from shared.model.state import CurrentRecipes

NO_RENDERER = (
    "This stack has no renderer (delivery.on_demand), so that lazy formats are made at upload."
)


def stack_recipes(stack: Stack, objects: Objects) -> RecipeSet:
    """Return the deployed recipes; without a renderer everything in them is eager.

    Raises what `deployed_recipes` raises.
    """
    return as_used_by(stack, deployed_recipes(stack.recipes, objects))


def current_recipes(stack: Stack, objects: Objects) -> CurrentRecipes:
    """Return what the stack's entries are compared with: its recipes as they are now.

    Raises what `deployed_recipes` raises.
    """
    return CurrentRecipes(
        stack_recipes(stack, objects),
        current_fingerprints(objects),
        on_demand=stack.is_on_demand,
    )


def as_used_by(stack: Stack, recipe_set: RecipeSet) -> RecipeSet:
    """Return recipes as the stack's workers would use them: without a renderer, all eager."""
    return recipe_set if stack.is_on_demand else recipe_set.all_eager()
