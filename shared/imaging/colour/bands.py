"""Gives an image the bands that its profile describes, or without a profile those of sRGB."""

import pyvips

from shared.imaging.colour import icc
from shared.imaging.colour.srgb import is_srgb

WHITE = {"uchar": 255, "ushort": 65535}
INKS, BLACK = 3, 3
# The spaces of profiles by libvips' interpretation.
SPACES = {
    "b-w": b"GRAY",
    "grey16": b"GRAY",
    "srgb": b"RGB ",
    "rgb16": b"RGB ",
    "rgb": b"RGB ",
    "cmyk": b"CMYK",
}
AS_COLOURS = {"b-w": "srgb", "grey16": "rgb16"}
# ICC.1:2022, section 7.2.6.
SPACE = slice(16, 20)


def are_described(image: pyvips.Image, profile: bytes) -> bool:
    """Return whether a profile is of the space of an image; true for spaces that are unknown."""
    return SPACES.get(image.interpretation, profile[SPACE]) == profile[SPACE]


def as_grey(image: pyvips.Image) -> pyvips.Image:
    """Return grey in three equal bands as one, beside alpha if there is any."""
    if image.interpretation in AS_COLOURS:
        return image
    grey = image[0].bandjoin(image[image.bands - 1]) if image.hasalpha() else image[0]
    return grey.copy(interpretation="b-w" if image.format == "uchar" else "grey16")


def as_profiled(image: pyvips.Image) -> pyvips.Image:
    """Return grey that has a profile of RGB as equal bands of red, green and blue, as browsers do.

    Editors embed such profiles in pictures that they have made grey.
    """
    wanted = AS_COLOURS.get(image.interpretation)
    if wanted is None or not image.get_typeof(icc.FIELD):
        return image
    profile = image.get(icc.FIELD)
    if profile[SPACE] != b"RGB " or is_srgb(profile):
        return image
    tripled = image[0].bandjoin([image[0], image[0]])
    rest = [image[band] for band in range(1, image.bands)]
    return (tripled.bandjoin(rest) if rest else tripled).copy(interpretation=wanted)


def without_ink(image: pyvips.Image) -> pyvips.Image:
    """Return CMYK without a profile as sRGB, each ink a filter of one primary.

    Browsers and Pillow do the same. A profile of usual inks would be paler than what the author
    saw, and black text would be dark grey.
    """
    white = WHITE.get(image.format)
    if image.interpretation != "cmyk" or image.get_typeof(icc.FIELD) or white is None:
        return image
    light = image.extract_band(0, n=INKS + 1).invert()
    lit = light.extract_band(0, n=INKS) * light[BLACK] / white
    lit = lit.rint().cast(image.format)
    rest = [image[band] for band in range(INKS + 1, image.bands)]
    space = "srgb" if image.format == "uchar" else "rgb16"
    return (lit.bandjoin(rest) if rest else lit).copy(interpretation=space)
