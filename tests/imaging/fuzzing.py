"""A real render child that renders broken files, and a check of what it answers."""

import io

from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.model.codec import Codec
from shared.model.errors import Failure
from shared.model.geometry import Size
from shared.model.limits import MEBIBYTE, Limits
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.renditions import plan_renditions

TIME_LIMIT_SECONDS = 20.0
# Small limits, so that cases with larger dimensions are refused and do not take seconds.
LIMITS = Limits(max_pixels=1_000_000, max_frames=50, memory_bytes=400 * MEBIBYTE)
QUICK: dict[str, int] = {Codec.WEBP: 0, Codec.JPEG: 0, Codec.PNG: 1, Codec.GIF: 1}
RECIPE = Recipe(
    "fuzz",
    (Variant("w24", (Slot.WEBP, Slot.FALLBACK), width=24, effort=QUICK),),
    placeholder=False,
)


class Outcomes:
    """A render child, replaced when it was killed, and a check of its files."""

    def __init__(self) -> None:
        self._child = RenderChild(LIMITS.memory_bytes)

    def of(self, source: bytes) -> DoneFrame | Failure:
        """Return the outcome of a render; another library opens every file."""
        if not self._child.is_alive():
            self._child = RenderChild(LIMITS.memory_bytes)
        files: list[tuple[VariantFrame, bytes]] = []
        try:
            for reply in self._child.render(
                source, Job(RECIPE, LIMITS), time_limit_seconds=TIME_LIMIT_SECONDS
            ):
                if isinstance(reply, DoneFrame):
                    _look_at(files, reply)
                    return reply
                files.append(reply)
        except Failure as failure:
            return failure
        raise AssertionError("a child's answers end with DoneFrame")

    def close(self) -> None:
        self._child.stop()


def _look_at(files: list[tuple[VariantFrame, bytes]], done: DoneFrame) -> None:
    (rendition,) = plan_renditions(RECIPE, Size(done.facts.width, done.facts.height))
    canvas = (rendition.fitted.canvas.width, rendition.fitted.canvas.height)
    assert [frame.slot for frame, _ in files] == [Slot.FALLBACK, Slot.WEBP]
    for frame, data in files:
        picture = Image.open(io.BytesIO(data))
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
        assert picture.size == (frame.width, frame.height) == canvas
        assert picture.format is not None
        assert picture.format.lower() == frame.codec
