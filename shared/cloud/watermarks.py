"""The watermarks that recipes name, held in memory and revalidated by their ETag."""

from dataclasses import dataclass, replace

from shared.cloud.objects import Objects, WatermarkFile
from shared.model.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipe with the ETag of its watermark as it is now, and the watermark's bytes."""

    recipe: Recipe
    watermark: bytes = b""


class Watermarks:
    """The watermarks that one process has read; thread-safe.

    Each use makes a conditional GET (`If-None-Match`), whose 304 has no body. A watermark that
    was trusted for a while would let two workers that know different versions render the same
    sources in turn.
    """

    def __init__(self) -> None:
        # Bounded by the recipes. Two threads may fetch the same watermark; both are right.
        self._known: dict[str, WatermarkFile] = {}

    def resolve(self, recipe: Recipe, objects: Objects) -> Resolved:
        """Return the recipe with its current watermark, which is part of its fingerprint.

        Raises `WatermarkUnusable` if the watermark cannot be read.
        """
        watermark = recipe.watermark
        if watermark is None:
            return Resolved(recipe)
        known = self._known.get(watermark.key, WatermarkFile())
        file = objects.fetch_watermark(watermark.key, known=known)
        self._known[watermark.key] = file
        dated = replace(recipe, watermark=replace(watermark, etag=file.etag))
        return Resolved(dated, file.data)
