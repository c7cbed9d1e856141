"""Decides from a source's header whether an animation may stay animated."""

from shared.model.limits import Limits
from shared.model.manifest import SourceFacts
from shared.model.recipe import Animation, Caps, Recipe
from shared.model.reductions import Still

# The formats whose animations stay animated.
MOVING_FORMATS = frozenset({"gif", "png", "webp"})
# The formats of which a still image is rendered although the file may have a sequence, too.
SEQUENCE_FORMATS = frozenset({"avif", "heic"})


def why_still(recipe: Recipe, limits: Limits, facts: SourceFacts) -> Still | None:
    """Return why an animation cannot stay animated, whatever memory it needs.

    `None` for animations within all bounds, and for still images.
    """
    if facts.frames == 1:
        return None
    if recipe.animation is Animation.FIRST_FRAME:
        return Still.RECIPE
    if facts.format not in MOVING_FORMATS:
        return Still.FORMAT
    pixels = facts.frames * facts.width * facts.height
    caps = recipe.caps or Caps()
    if _is_over(facts.frames, caps.max_frames, limits.max_frames):
        return Still.FRAMES
    return Still.PIXELS if _is_over(pixels, caps.max_pixels, limits.max_pixels) else None


def _is_over(count: int, cap: int | None, limit: int) -> bool:
    return count > (limit if cap is None else min(cap, limit))
