"""What limits take from a render: movement, size, or the best codec of a slot.

The render child decides it before it decodes, its parent checks it, and manifest and log show it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Still(StrEnum):
    """Why only the first frame of an animation is rendered."""

    RECIPE = "recipe"  # the recipe asks for the first frame
    FORMAT = "format"  # animations of this format are not rendered
    FRAMES = "frames"  # over the most frames of the recipe or of the deployment
    PIXELS = "pixels"  # over the most pixels of either, in all frames
    MEMORY = "memory"  # all frames together would cost too much memory


class SlotLimit(StrEnum):
    """Why a slot cannot have a file of its own codec."""

    SIDE = "side"  # the image is longer than the codec allows
    MEMORY = "memory"  # the encoder would cost too much memory


@dataclass(frozen=True, slots=True)
class Reduction:
    """How a render is reduced as a whole; by default it is not.

    `most_pixels` is how many pixels of the source's shape a rung may have, where even the plainest
    codec of a slot would cost too much memory.
    """

    still: Still | None = None
    most_pixels: int | None = None
