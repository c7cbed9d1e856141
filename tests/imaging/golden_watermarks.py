"""Golden cases of watermarks."""

from functools import partial

from tests.imaging import golden_sources as sources
from tests.imaging.golden_files import (
    ANIMATED,
    CLEAR,
    NOTHING,
    SHRUNK,
    SIZE,
    SQUARE,
    Case,
    Colour,
    Probe,
    boxed,
)
from tests.imaging.golden_sources import BLUE, GREEN, GREY, RED, YELLOW

# Left and top of a watermark of 32 by 16, one pixel from the edges.
PLACES = {
    "top-left": (1, 1),
    "top-right": (31, 1),
    "bottom-left": (1, 31),
    "bottom-right": (31, 31),
    "centre": (16, 16),
}
ELSEWHERE = {
    "top-left": (8, 8),
    "top-right": (56, 8),
    "bottom-left": (8, 40),
    "bottom-right": (56, 40),
    "centre": (32, 24),
}


def halves(position: str, *colours: Colour, frame: int = 0) -> list[Probe]:
    """Expect the left and the right half of a watermark at its place."""
    left, top = PLACES[position]
    return [
        Probe((left + across, top + 8), colour, frame)
        for across, colour in zip((8, 24), colours, strict=True)
    ]


def around(position: str, colour: Colour) -> list[Probe]:
    """Expect a colour at all positions but one."""
    return [Probe(at, colour) for name, at in ELSEWHERE.items() if name != position]


def watermarked(position: str, opacity: float = 1.0) -> dict[str, object]:
    """Return a recipe with a watermark half as wide as its variant."""
    said = {"key": "logo.png", "position": position, "scale": 0.5, "opacity": opacity}
    return {**SHRUNK, "watermark": said}


WATERMARK = [
    *(
        Case(
            f"watermark-{position}",
            partial(sources.plain, GREY),
            SIZE,
            [*halves(position, YELLOW, BLUE), *around(position, GREY)],
            watermarked(position),
            watermark=sources.watermark,
        )
        for position in PLACES
    ),
    Case(
        "watermark-half-opaque",
        partial(sources.plain, GREY),
        SIZE,
        [*halves("centre", (184, 174, 84), (79, 94, 174)), *around("centre", GREY)],
        watermarked("centre", 0.5),
        watermark=sources.watermark,
    ),
    Case(
        "watermark-on-alpha",
        partial(sources.plain, (*RED, 100)),
        SIZE,
        [*halves("top-left", YELLOW, BLUE), *around("top-left", (*RED, 100))],
        watermarked("top-left"),
        CLEAR,
        watermark=sources.watermark,
    ),
    Case(
        "watermark-half-opaque-on-nothing",
        partial(sources.plain, NOTHING),
        SIZE,
        [*halves("centre", (*YELLOW, 128), (*BLUE, 128)), Probe((2, 2), NOTHING)],
        watermarked("centre", 0.5),
        CLEAR,
        watermark=sources.watermark,
    ),
    Case(
        "watermark-on-animation",
        partial(sources.moving, "GIF", 3),
        SIZE,
        [
            each
            for frame in range(3)
            for each in (
                *halves("bottom-left", YELLOW, BLUE, frame=frame),
                Probe((16 * frame + 8, 24), RED, frame),
                Probe((40, 40), BLUE, frame),
            )
        ],
        watermarked("bottom-left"),
        ANIMATED,
        3,
        watermark=sources.watermark,
    ),
    Case(
        "watermark-on-a-crop",
        sources.three_bands,
        SQUARE,
        [Probe((28, 40), YELLOW), Probe((40, 40), BLUE), Probe((8, 4), GREEN)],
        {**boxed("cover"), "watermark": {"key": "logo.png", "scale": 0.5, "opacity": 1.0}},
        watermark=sources.watermark,
    ),
]
