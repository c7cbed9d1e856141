"""Golden cases of colours, transparency and orientation."""

from functools import partial

from shared.model.codec import Codec
from shared.model.recipe import Slot
from tests.imaging import golden_sources as sources
from tests.imaging.golden_files import CLEAR, NOTHING, SHRUNK, SIZE, Case, Probe, quarters
from tests.imaging.golden_sources import RED, WHITE, YELLOW
from tests.support import images, profiles

UPRIGHT = (images.TOP_LEFT, images.TOP_RIGHT, images.BOTTOM_LEFT, images.BOTTOM_RIGHT)
FLAT = {Slot.FALLBACK: Codec.JPEG}
BESIDE_FLAT = {Slot.AVIF: Codec.AVIF, Slot.WEBP: Codec.WEBP}

ORIENTATION = [
    *(
        Case(
            f"orientation-{number}-jpeg",
            partial(sources.stored, "JPEG", number),
            SIZE,
            quarters(*UPRIGHT),
            SHRUNK,
            picture="orientation",
        )
        for number in range(1, 9)
    ),
    *(
        Case(
            f"orientation-6-{name.lower()}",
            partial(sources.stored, name, 6),
            SIZE,
            quarters(*UPRIGHT),
            SHRUNK,
            picture="orientation",
        )
        for name in ("PNG", "WEBP", "TIFF", "AVIF", "HEIC")
    ),
    Case(
        "orientation-6-alpha",
        sources.glass,
        SIZE,
        quarters(*((*colour, 200) for colour in UPRIGHT)),
        SHRUNK,
        CLEAR,
    ),
]

# Computed with LittleCMS through Pillow: relative colorimetric, to its own sRGB.
P3 = ((214, 116, 82), (80, 122, 207), (129, 129, 129), (94, 163, 32))
ADOBE = ((224, 121, 88), (72, 121, 204), (129, 129, 129), (79, 161, 47))
PROPHOTO = ((255, 114, 102), (0, 144, 219), (146, 146, 146), (93, 184, 36))
PRINTED = ((215, 109, 83), (71, 170, 198), (137, 136, 137), (190, 214, 118))
# Without a profile each ink filters one primary, as in browsers: (255 - ink)(255 - black) / 255.
UNPROFILED = ((226, 91, 72), (95, 235, 215), (127, 127, 127), (195, 255, 95))
GREYS = ((0, 0, 0), (100,) * 3, (180,) * 3, WHITE)
GREYS_OF_GAMMA_1_8 = ((0, 0, 0), (119,) * 3, (193,) * 3, WHITE)

COLOUR = [
    Case(name, source, SIZE, quarters(*wanted), SHRUNK)
    for name, source, wanted in (
        (
            "colour-srgb",
            lambda: images.saved(sources.quarters(sources.STORED), "PNG"),
            sources.STORED,
        ),
        ("colour-display-p3", partial(sources.profiled, "JPEG", profiles.display_p3()), P3),
        ("colour-adobe-rgb", partial(sources.profiled, "JPEG", profiles.adobe_rgb()), ADOBE),
        ("colour-prophoto-16-bit", sources.deep_prophoto, PROPHOTO),
        ("colour-cmyk-profile", partial(sources.ink, with_profile=True), PRINTED),
        ("colour-cmyk-bare", partial(sources.ink, with_profile=False), UNPROFILED),
        ("colour-grey", sources.greys, GREYS),
        (
            "colour-grey-gamma-1-8",
            partial(sources.greys, icc_profile=profiles.grey(1.8)),
            GREYS_OF_GAMMA_1_8,
        ),
    )
]

# A disc of red whose edge is red as well; stripes of a third of red.
CUT_OUT = [
    Probe((32, 24), RED),
    Probe((60, 3), NOTHING),
    Probe((15, 8), NOTHING),
]
FADING = [Probe((x, 24), (*RED, 255 - 4 * x - 2)) for x in (2, 16, 32, 48, 61)]
# Half red and half white, mixed by their sRGB values.
FADED_ON_WHITE = [Probe((1, 24), RED), Probe((32, 24), (243, 138, 138)), Probe((62, 24), WHITE)]
ALPHA = [
    Case("alpha-fading", sources.fading, SIZE, FADING, SHRUNK, CLEAR),
    Case("alpha-cut-out", sources.cut_out, SIZE, CUT_OUT, SHRUNK, CLEAR),
    Case(
        "alpha-down-a-ladder",
        sources.cut_out,
        (32, 24),
        [Probe((16, 12), RED), Probe((30, 2), NOTHING)],
        {"variants": [{"widths": [128, 96, 64, 32]}]},
        CLEAR,
    ),
    Case(
        "alpha-display-p3",
        sources.see_through_p3,
        SIZE,
        quarters((*P3[0], 128), (*P3[1], 128), P3[2], NOTHING),
        SHRUNK,
        CLEAR,
    ),
    Case(
        "alpha-flattened",
        sources.fading,
        SIZE,
        FADED_ON_WHITE,
        {**SHRUNK, "background": "#ffffff"},
        FLAT,
    ),
    Case(
        "alpha-kept-beside-flattened",
        sources.fading,
        SIZE,
        FADING,
        {**SHRUNK, "background": "#ffffff"},
        BESIDE_FLAT,
    ),
    Case(
        "alpha-cut-out-on-yellow",
        sources.cut_out,
        SIZE,
        [Probe((32, 24), RED), Probe((60, 3), YELLOW)],
        {**SHRUNK, "background": "#f0dc28"},
        FLAT,
    ),
]
