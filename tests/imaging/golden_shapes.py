"""Golden cases of animations, crops, padding and scaling."""

from functools import partial

from shared.model.codec import Codec
from shared.model.focal import Focal
from shared.model.recipe import Slot
from tests.imaging import golden_sources as sources
from tests.imaging.golden_colours import UPRIGHT
from tests.imaging.golden_files import (
    ANIMATED,
    CLEAR,
    NOTHING,
    SHRUNK,
    SIZE,
    SQUARE,
    Case,
    Probe,
    boxed,
    quarters,
)
from tests.imaging.golden_sources import BLACK, BLUE, GREEN, GREY, RED, WHITE, YELLOW
from tests.support import images

# The red square walks 16 pixels a frame.
WALK = [
    each
    for frame in range(4)
    for each in (
        Probe((16 * frame + 8, 24), RED, frame),
        Probe((16 * (3 - frame) + 8, 24), BLUE, frame),
        Probe((16 * frame + 8, 6), BLUE, frame),
    )
]
# The disposals as browsers show them: kept, cleared to the background, restored, kept.
DISPOSED = [
    *quarters(RED, RED, RED, RED, size=(16, 16), frame=0),
    *quarters(GREEN, RED, RED, RED, size=(16, 16), frame=1),
    *quarters(NOTHING, BLUE, RED, RED, size=(16, 16), frame=2),
    *quarters(NOTHING, RED, YELLOW, RED, size=(16, 16), frame=3),
]
OWN_SIZE = {"variants": [{"name": "full"}]}
ANIMATION = [
    Case(
        "animation-gif",
        partial(sources.moving, "GIF"),
        SIZE,
        WALK,
        SHRUNK,
        ANIMATED,
        4,
        picture="animation",
    ),
    Case(
        "animation-webp",
        partial(sources.moving, "WEBP"),
        SIZE,
        WALK,
        SHRUNK,
        ANIMATED,
        4,
        picture="animation",
    ),
    Case("animation-disposal", sources.disposing, (16, 16), DISPOSED, OWN_SIZE, ANIMATED, 4),
    Case(
        "animation-disposal-shrunk",
        sources.disposing,
        (8, 8),
        [
            Probe((7 * (probe.at[0] > 8), 7 * (probe.at[1] > 8)), probe.colour, probe.frame)
            for probe in DISPOSED
        ],
        {"variants": [{"widths": [8]}]},
        ANIMATED,
        4,
    ),
    Case(
        "animation-down-a-ladder",
        partial(sources.moving, "WEBP"),
        (32, 24),
        [Probe((8 * frame + 4, 12), RED, frame) for frame in range(4)],
        {"variants": [{"widths": [128, 96, 64, 32]}]},
        ANIMATED,
        4,
    ),
    Case(
        "animation-first-frame",
        partial(sources.moving, "GIF"),
        SIZE,
        WALK[:3],
        {**SHRUNK, "animation": "first-frame"},
    ),
    Case(
        "animation-cut",
        partial(sources.moving, "GIF"),
        (48, 48),
        [Probe((16 * frame, 24), RED, frame) for frame in (1, 2)],
        boxed("cover"),
        ANIMATED,
        4,
    ),
]

MIDDLE = [Probe((24, 24), WHITE), Probe((12, 24), GREEN), Probe((36, 8), GREEN)]
CROP = [
    Case("crop-centre", sources.three_bands, SQUARE, MIDDLE, boxed("cover")),
    Case(
        "crop-focal-left",
        sources.three_bands,
        SQUARE,
        [Probe((21, 24), WHITE), Probe((4, 4), RED), Probe((46, 4), GREEN)],
        boxed("cover", gravity="focal"),
        focal=Focal(0.1, 0.5),
    ),
    Case(
        "crop-focal-right",
        sources.three_bands,
        SQUARE,
        [Probe((27, 24), WHITE), Probe((44, 4), BLUE), Probe((1, 4), GREEN)],
        boxed("cover", gravity="focal"),
        focal=Focal(0.9, 0.5),
    ),
    Case(
        "crop-focal-turned",
        partial(sources.stored, "JPEG", 6),
        (24, 48),
        [Probe((12, 12), images.TOP_RIGHT), Probe((12, 36), images.BOTTOM_RIGHT)],
        {
            "variants": [
                {"name": "tall", "width": 24, "height": 48, "fit": "cover", "gravity": "focal"}
            ]
        },
        focal=Focal(0.8, 0.5),
    ),
    Case(
        "crop-attention",
        sources.something_red,
        SQUARE,
        [Probe((28, 24), RED), Probe((4, 4), GREY)],
        boxed("cover", gravity="attention"),
    ),
    Case(
        "crop-entropy",
        sources.something_rich,
        SQUARE,
        [Probe((4, 4), (89,) * 3), Probe((24, 40), (129,) * 3), Probe((44, 4), (169,) * 3)],
        boxed("cover", gravity="entropy"),
    ),
    Case(
        "crop-contain",
        partial(sources.stored, "JPEG", 1),
        SQUARE,
        [
            Probe((24, 2), WHITE),
            Probe((24, 45), WHITE),
            Probe((12, 10), images.TOP_LEFT),
            Probe((12, 37), images.BOTTOM_LEFT),
        ],
        boxed("contain"),
    ),
    Case(
        "crop-contain-on-yellow",
        partial(sources.stored, "JPEG", 1),
        SQUARE,
        [
            Probe((24, 2), YELLOW),
            Probe((24, 45), YELLOW),
            Probe((12, 10), images.TOP_LEFT),
            Probe((36, 37), images.BOTTOM_RIGHT),
        ],
        {**boxed("contain"), "background": "#f0dc28"},
    ),
    Case(
        "crop-contain-clear",
        sources.cut_out,
        SQUARE,
        [Probe((24, 2), NOTHING), Probe((24, 45), NOTHING), Probe((24, 24), RED)],
        boxed("contain"),
        CLEAR,
    ),
]

# Down a ladder, so that the text is resized with headroom.
LADDER = {"variants": [{"widths": [256, 128, 64]}]}
TEXT = [
    Probe((1, 8), BLACK, tolerance=20),  # the stem of the first P
    Probe((20, 8), WHITE),
    Probe((32, 17), WHITE),  # between two lines
    Probe((63, 47), WHITE),
]
# WebP's chroma subsampling is too coarse to compare single pixels of small details.
DETAILED = {Slot.AVIF: Codec.AVIF, Slot.FALLBACK: Codec.JPEG}
# The result of Pillow's Lanczos filter in a single step.
PHOTOGRAPH = [
    Probe((4, 4), (146, 160, 129)),
    Probe((27, 4), (143, 138, 86)),
    Probe((16, 12), (113, 156, 144)),
    Probe((4, 19), (125, 135, 117)),
    Probe((27, 19), (130, 79, 107)),
]
LARGE_PHOTOGRAPH = [
    Probe((4, 4), (147, 160, 129)),
    Probe((27, 4), (143, 138, 88)),
    Probe((16, 12), (109, 156, 143)),
    Probe((4, 19), (123, 137, 116)),
    Probe((27, 19), (130, 80, 107)),
]
UNPARED = {"variants": [{"name": "sq", "width": 64, "height": 48, "fit": "contain"}]}
SCALE = [
    Case(
        "scale-letters",
        partial(sources.page, "PNG"),
        SIZE,
        TEXT,
        LADDER,
        picture="scale-letters",
    ),
    Case(
        "scale-letters-jpeg",
        partial(sources.page, "JPEG"),
        SIZE,
        TEXT,
        LADDER,
        picture="scale-letters",
    ),
    Case(
        "scale-photograph",
        images.png,
        (32, 24),
        PHOTOGRAPH,
        {"variants": [{"widths": [32]}]},
        DETAILED,
    ),
    Case(
        "scale-photograph-jpeg",
        partial(images.jpeg, (320, 240)),
        (32, 24),
        LARGE_PHOTOGRAPH,
        {"variants": [{"widths": [32]}]},
        DETAILED,
    ),
    Case("scale-never-up", sources.tiny, (40, 30), quarters(*UPRIGHT, size=(40, 30)), SHRUNK),
    Case(
        "scale-never-up-to-cover",
        sources.tiny,
        (30, 30),
        quarters(*UPRIGHT, size=(30, 30)),
        boxed("cover"),
    ),
    Case(
        "scale-never-up-to-contain",
        sources.tiny,
        SIZE,
        [
            *quarters(*UPRIGHT),
            Probe((9, 24), WHITE),
            Probe((32, 6), WHITE),
            Probe((55, 42), WHITE),
        ],
        UNPARED,
    ),
]
