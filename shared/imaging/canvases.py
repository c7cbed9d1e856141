"""Draws the canvas of each rendition, largest first: a cascade of resizes from one decode."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyvips

from shared.imaging.crop import crop_or_pad
from shared.imaging.encoding.content import Content
from shared.imaging.intake.probe import ImageHeader
from shared.imaging.load import load
from shared.imaging.watermark import Overlay
from shared.model.renditions import Rendition


@dataclass(frozen=True, slots=True)
class Canvas:
    """The image of one rendition, ready to be encoded.

    `resized` is the image before it was cropped or padded and before the watermark was drawn on
    it. `content` holds the image itself and what it shows.
    """

    rendition: Rendition
    resized: pyvips.Image
    content: Content

    @property
    def image(self) -> pyvips.Image:
        """Return the image that is encoded: sRGB, 8 bits, three bands or four."""
        return self.content.image


def canvases(
    data: bytes,
    header: ImageHeader,
    renditions: Sequence[Rendition],
    *,
    overlay: Overlay,
    background: tuple[int, int, int] | None,
) -> Iterator[Canvas]:
    """Yield the canvas of each rendition; each depends only on those before it.

    So the canvas of a rendition is the same however many smaller ones follow. `overlay` is
    decoded. Raises a permanent failure for a file that cannot be decoded.
    """
    held = load(data, header, renditions[0].fitted.resized)
    is_photograph = False
    for rendition in renditions:
        held = held.shrunk(rendition.fitted.resized)
        picture = held.to_srgb()
        # Cropping and watermark apply to a copy: the next rung is resized from `held`.
        image = overlay.draw_on(crop_or_pad(picture, rendition, background))
        # A crop may show a drawn part of a photograph, and padding is flat.
        is_uncropped = not rendition.is_cropped_or_padded
        content = Content(image, is_photograph=is_photograph and is_uncropped)
        yield Canvas(rendition, picture, content)
        is_photograph = is_photograph or (is_uncropped and content.stays_photograph)
        del picture, image, content  # not to be held while the next ones are drawn
