"""Refuses sources by the answer of HeadObject, before they are downloaded."""

from shared.model.errors import OwnOutput, SourceEncrypted, TooManyBytes
from shared.model.focal import read_focal
from shared.model.keys import refuse_unsupported, variant_key
from shared.model.limits import Limits
from shared.model.recipe import Recipe
from shared.model.source import Source


def refuse_unfit(source: Source, recipe: Recipe, limits: Limits) -> None:
    """Raise a permanent failure if HeadObject shows that a source cannot be rendered.

    The key is unsupported, the object is one of our variants or encrypted with its owner's key,
    the focal point is invalid, or the file is too large.
    """
    refuse_unsupported(source.key)
    for name in recipe.stored_names():
        variant_key(source.key, *name)
    if source.is_own_output:
        raise OwnOutput("Expected a source, got a variant that Pixfleet made.", stage="head")
    if source.has_customer_key:
        raise SourceEncrypted(
            "Expected a source that S3 can decrypt, got one with its owner's key (SSE-C).",
            stage="head",
        )
    read_focal(source.overrides.focal)
    size, most = source.size_bytes, limits.max_bytes
    if size > most:
        raise TooManyBytes(f"Expected at most {most} bytes, got {size}.", stage="head")
