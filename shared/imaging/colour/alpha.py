"""Corrects alpha and ranges, of images of 8 or 16 bits a band."""

import pyvips

OPAQUE = {"uchar": 255, "ushort": 65535}
# Of 8 bits; more bits multiply them: ITU-R BT.601, BT.709 and BT.2020.
LIMITED_BLACK, LIMITED_WHITE = 16, 235
STEPS_OF_8_BITS = {"uchar": 1, "ushort": 256}


def is_opaque(image: pyvips.Image) -> bool:
    """Return whether alpha hides nothing, in the 8 bits that variants have.

    Decoders put 10 bits into the upper bits of 16, so that 65,472 is the most.
    """
    step = STEPS_OF_8_BITS.get(image.format)
    return step is not None and image[image.bands - 1].min() >= OPAQUE["uchar"] * step


def with_full_range_alpha(image: pyvips.Image) -> pyvips.Image:
    """Return an image with alpha of limited range stretched to full range."""
    colours = image.extract_band(0, n=image.bands - 1)
    joined = colours.bandjoin(_stretched(image[image.bands - 1]))
    return joined.copy(interpretation=image.interpretation)


def with_full_range_colours(image: pyvips.Image) -> pyvips.Image:
    """Return an image with colours of limited range stretched to full range."""
    if not image.hasalpha():
        return _stretched(image).copy(interpretation=image.interpretation)
    colours = _stretched(image.extract_band(0, n=image.bands - 1))
    return colours.bandjoin(image[image.bands - 1]).copy(interpretation=image.interpretation)


def without_premultiplication(image: pyvips.Image) -> pyvips.Image:
    """Return an image with its colours divided by its alpha."""
    divided = image.unpremultiply(max_alpha=OPAQUE[image.format]).rint().cast(image.format)
    return divided.copy(interpretation=image.interpretation)


def _stretched(image: pyvips.Image) -> pyvips.Image:
    step, white = STEPS_OF_8_BITS[image.format], OPAQUE[image.format]
    factor = white / ((LIMITED_WHITE - LIMITED_BLACK) * step)
    return image.linear(factor, -LIMITED_BLACK * step * factor).rint().cast(image.format)
