"""Measures the quality that rungs lose because the engine makes each from a larger one.

The rungs are recorded from a real render, as in `floor`. Each is compared with a rung that libvips
makes of the full source in one step; the reference of both is that of `originals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyvips

from shared.imaging.render import render
from shared.model.codec import Codec
from shared.model.geometry import Size
from shared.model.limits import Limits
from shared.model.quality_and_effort import DEFAULT_QUALITY
from shared.model.recipe import Animation, Slot
from tests.bench.floor import recorded_calls
from tests.bench.originals import WINDOW, Original
from tests.bench.pictures import Picture
from tests.bench.recipes import ladder


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: its score, and the score of a rung made in one step from the full source."""

    width: int
    engine: float
    one_step: float

    @property
    def loss(self) -> float:
        """Return how many points the engine's rung is worse; negative if it is better."""
        return self.one_step - self.engine


def engine_rungs(data: bytes, widths: Sequence[int] = ()) -> tuple[pyvips.Image, ...]:
    """Return the pixels that the engine encodes for a ladder, widest first.

    No rung is wider than the source. Without widths it is the default recipe's ladder.
    """
    webp = ladder(Slot.WEBP)
    first = webp.variants[0]
    rungs = [replace(first, name=f"w{width}", width=width) for width in widths] or webp.variants
    fastest = tuple(replace(rung, effort={**rung.effort, Codec.WEBP: 0}) for rung in rungs)
    recipe = replace(webp, variants=fastest, animation=Animation.FIRST_FRAME)
    with recorded_calls() as calls:
        list(render(data, recipe, Limits()))
    return tuple(
        call.image
        for call in calls
        if call.operation == "webpsave_buffer" and "lossless" not in call.options
    )


def losses(data: bytes, *, as_files: bool = True, window: Size = WINDOW) -> tuple[Step, ...]:
    """Return each rung's scores: of its encoded file or, which is stricter, of its pixels."""
    original = Original(data, window)
    view = _as_webp if as_files else pyvips.Image.copy
    return tuple(
        Step(
            rung.width,
            original.score(view(rung)),
            original.score(view(original.in_one_step(Size(rung.width, rung.height)))),
        )
        for rung in engine_rungs(data)
    )


def _as_webp(image: pyvips.Image) -> pyvips.Image:
    """Return the pixels after encoding with the default recipe's quality."""
    data = image.webpsave_buffer(Q=DEFAULT_QUALITY[Codec.WEBP], effort=4, keep="none")
    return pyvips.Image.webpload_buffer(data)


def cascade(pictures: Sequence[Picture]) -> dict[str, list[dict[str, float]]]:
    """Return each picture's rungs, for `bench.json`."""
    return {
        picture.name: [
            {
                "width": step.width,
                "engine": step.engine,
                "one_step": step.one_step,
                "loss": step.loss,
            }
            for step in losses(picture.data)
        ]
        for picture in pictures
    }
