"""Renders a source in a render child and returns the files instead of storing them."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.cloud.watermarks import Resolved
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.recipe import Slot


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files of one source by variant and slot, and the facts that the child reported."""

    files: Mapping[tuple[str, Slot], tuple[VariantFrame, bytes]]
    done: DoneFrame


@dataclass(frozen=True, slots=True)
class TrialRenderer:
    """Renders with the limits of a worker; `render_seconds` is the time limit of one source."""

    render_pool: RenderPool
    limits: Limits
    render_seconds: float

    def render(
        self,
        data: bytes,
        recipe: Resolved,
        *,
        focal: Focal | None = None,
        wait_seconds: float,
        only: tuple[str, Slot] | None = None,
    ) -> Rendered:
        """Return what the recipe makes of a source's bytes at upload.

        `only` is the one variant and slot to make, as at its first request. Raises the same
        `Failure` as in the worker, and `OutOfTime` if no child is free within `wait_seconds`.
        """
        job = Job(recipe.recipe.without_keys(), self.limits, focal, only)
        files: dict[tuple[str, Slot], tuple[VariantFrame, bytes]] = {}
        with self.render_pool.child(wait_seconds=wait_seconds) as child:
            for reply in child.render(
                data, job, time_limit_seconds=self.render_seconds, watermark=recipe.watermark
            ):
                if isinstance(reply, DoneFrame):
                    return Rendered(files, reply)
                frame, payload = reply
                files |= {(name, frame.slot): (frame, payload) for name in frame.variants}
        raise AssertionError("a render child's replies end with DoneFrame or a failure")
