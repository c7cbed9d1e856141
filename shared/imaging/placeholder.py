"""Makes the placeholder of an image: a WebP of at most 16x16 pixels, and the average colour."""

from base64 import b64encode

import pyvips

from shared.imaging.placeholder_form import MAX_URI_BYTES, PREFIX
from shared.model.manifest import Placeholder

SIDE = 16
QUALITIES = (40, 20, 1)
WHITE = (255, 255, 255)
ONE_PIXEL = 1  # a few dozen bytes of any colour


def placeholder(image: pyvips.Image, background: tuple[int, int, int] | None) -> Placeholder:
    """Return the placeholder of the first frame of an sRGB image.

    Alpha is flattened on the background, or on white.
    """
    still = image.crop(0, 0, image.width, image.get_page_height())
    if still.hasalpha():
        still = still.flatten(background=[*(background or WHITE)])
    tiny = still.thumbnail_image(SIDE, height=SIDE, size="down").copy_memory()
    colour = "#" + "".join(f"{round(band.avg()):02x}" for band in tiny.bandsplit())
    return Placeholder(_small_enough(tiny), colour)


def _small_enough(tiny: pyvips.Image) -> str:
    for quality in QUALITIES:
        uri = _uri(tiny, quality)
        if len(uri) <= MAX_URI_BYTES:
            return uri
    return _uri(tiny.thumbnail_image(ONE_PIXEL, height=ONE_PIXEL, size="force"), QUALITIES[0])


def _uri(image: pyvips.Image, quality: int) -> str:
    data = image.webpsave_buffer(Q=quality, effort=6, keep="none")
    return PREFIX + b64encode(data).decode()
