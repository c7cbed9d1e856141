"""The recipes that the deployed worker reads."""

from scripts.operator.reach import Reach
from scripts.operator.stack import Stack
from shared.model.errors import Misconfigured

SCHEME = "s3://"


def deployed_recipes(stack: Stack, reach: Reach) -> bytes:
    """Return the JSON that the stack's document names; as `boto3` raises if it is not there."""
    bucket, _, key = stack.recipes.removeprefix(SCHEME).partition("/")
    if not stack.recipes.startswith(SCHEME) or not bucket or not key:
        raise Misconfigured(f"{stack.recipes} cannot be read", ["expected s3://bucket/key"])
    with reach.s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return body.read()
