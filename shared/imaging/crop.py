"""Crops or pads an image to its canvas: gravity, focal point, background."""

import pyvips

from shared.imaging.resize import on_every_frame
from shared.model.geometry import Size, focal_corner
from shared.model.recipe import Gravity
from shared.model.renditions import Rendition

WHITE = (255, 255, 255)


def crop_or_pad(
    image: pyvips.Image, rendition: Rendition, background: tuple[int, int, int] | None
) -> pyvips.Image:
    """Return an sRGB image, or a strip of frames, on the rendition's canvas.

    It is cropped if the canvas is smaller, padded with `background` if the canvas is larger, and
    returned as it is if the canvas has its size. Without a background, padding is transparent if
    the image has alpha, and white otherwise.
    """
    if not rendition.is_cropped_or_padded:
        return image
    canvas, resized = rendition.fitted.canvas, rendition.fitted.resized
    if canvas.width > resized.width or canvas.height > resized.height:
        return on_every_frame(image, lambda part: _padded(part, canvas, background))
    # The first frame decides for all frames: the crop must not jump during an animation.
    first = image.crop(0, 0, image.width, image.get_page_height())
    left, top = _corner(first, rendition)
    return on_every_frame(image, lambda part: part.crop(left, top, canvas.width, canvas.height))


def _corner(image: pyvips.Image, rendition: Rendition) -> tuple[int, int]:
    canvas, gravity = rendition.fitted.canvas, rendition.gravity
    if rendition.focal:
        return focal_corner(rendition.fitted.resized, canvas, rendition.focal)
    if gravity in {Gravity.ATTENTION, Gravity.ENTROPY}:
        found = image.smartcrop(canvas.width, canvas.height, interesting=gravity.value)
        # libvips returns the position of the crop as negative offsets.
        return -found.xoffset, -found.yoffset
    return (image.width - canvas.width) // 2, (image.height - canvas.height) // 2


def _padded(
    image: pyvips.Image, canvas: Size, background: tuple[int, int, int] | None
) -> pyvips.Image:
    colour = [*(background or WHITE)]
    if image.hasalpha():
        colour.append(255 if background else 0)
    return image.gravity(
        "centre", canvas.width, canvas.height, extend="background", background=colour
    )
