"""The two buckets of a stack, and the fingerprints that depend on what they hold."""

from collections.abc import Callable

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Watermarks
from shared.model.recipe import Recipe


def objects_of(stack: Stack, clients: AwsClients) -> Objects:
    """Return the adapter of the stack's sources bucket and variants bucket."""
    return Objects(
        clients.s3,
        clients.calls,
        sources_bucket=stack.sources_bucket,
        variants_bucket=stack.variants_bucket,
    )


def current_fingerprints(objects: Objects) -> Callable[[Recipe], str]:
    """Return a function that returns a recipe's fingerprint with its watermark's current ETag.

    The function reads each watermark once and remembers the fingerprint.
    """
    watermarks, known = Watermarks(), dict[str, str]()

    def fingerprint(recipe: Recipe) -> str:
        if recipe.name not in known:
            known[recipe.name] = watermarks.resolve(recipe, objects).recipe.fingerprint
        return known[recipe.name]

    return fingerprint
