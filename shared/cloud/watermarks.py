"""The watermarks that recipes name, each held in memory and asked for again by its ETag."""

from dataclasses import dataclass, replace

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.objects import Objects, WatermarkFile
from shared.deadline import Deadline
from shared.model.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipe with its watermark as it is now: the ETag in the recipe, the bytes beside it."""

    recipe: Recipe
    mark: bytes = b""


class Watermarks:
    """The watermarks of one worker; any thread may ask.

    S3 is asked each time, on condition of the ETag: a call without a body. A mark believed for a
    while would let one worker take for done what another has to do again, and do it again in turn.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        # Bounded by the recipes. Two threads may fetch the same mark at first; either's is right.
        self._known: dict[str, WatermarkFile] = {}

    def resolve(self, recipe: Recipe, deadline: Deadline) -> Resolved:
        """Return the recipe as it would be made now, so that its fingerprint is of its mark too.

        `WatermarkUnusable` if there is no mark to be had.
        """
        watermark = recipe.watermark
        if watermark is None:
            return Resolved(recipe)
        deadline.require(CALL_SECONDS, "watermark")
        known = self._known.get(watermark.key, WatermarkFile())
        mark = self._known[watermark.key] = self._objects.fetch_watermark(
            watermark.key, known=known
        )
        dated = replace(recipe, watermark=replace(watermark, etag=mark.etag))
        return Resolved(dated, mark.data)
