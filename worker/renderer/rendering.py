"""Renders one object of a source."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.cloud.stored_objects import variant_metadata
from shared.cloud.watermarks import Resolved
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.model.codec import Codec
from shared.model.errors import DecodeTimeout, OutOfTime
from shared.model.focal import read_focal
from shared.model.recipe import Recipe, Slot
from shared.model.source import Source
from worker.renderer.context import RendererContext
from worker.renderer.request_log import RequestLog
from worker.renderer.response import Content


@dataclass(frozen=True, slots=True)
class Rendered:
    """The file that was made, and the source and recipe that it was made from."""

    source: Source
    recipe: Recipe
    codec: Codec
    data: bytes

    def content(self) -> Content:
        """Return the file as an answer."""
        metadata = variant_metadata(self.source, self.recipe.fingerprint)
        return Content.rendered(self.data, self.codec.content_type, metadata)


def render(
    source: Source,
    resolved: Resolved,
    file: tuple[str, Slot],
    context: RendererContext,
    request_log: RequestLog,
) -> Rendered:
    """Fetch a source and render one of its files, with the bytes that it has at an upload.

    Raises `SourceChanged` if the source has been replaced or deleted since it was seen.
    """
    # One call may follow a render: to note a failure, or to release a lock.
    until = context.deadline.earlier(context.policy.serving_calls.call_seconds)
    data = context.objects.fetch(source, until)
    request_log.add_timing("fetch")
    job = Job(
        resolved.recipe.without_keys(),
        context.settings.limits,
        read_focal(source.overrides.focal),
        only=file,
    )
    with context.render_pool.child(wait_seconds=until.remaining_seconds()) as child:
        request_log.add_timing("wait")
        until.require(context.policy.least_render_seconds, "render")
        request_log.renders += 1
        longest = min(context.policy.longest_render_seconds, context.settings.render_seconds)
        limit = min(longest, until.remaining_seconds())
        try:
            made = _file(
                child.render(data, job, time_limit_seconds=limit, watermark=resolved.watermark)
            )
        except DecodeTimeout as late:
            if limit < longest * context.policy.conclusive_share:
                raise OutOfTime(
                    f"Expected {longest:.0f} s for the render, got {limit:.0f} s.", stage="render"
                ) from late
            raise
        finally:
            request_log.add_timing("render")
    return Rendered(source, resolved.recipe, *made)


def _file(replies: Iterator[tuple[VariantFrame, bytes] | DoneFrame]) -> tuple[Codec, bytes]:
    """Return the one file of a render, once its child has sent all replies."""
    ((frame, data),) = (each for each in replies if not isinstance(each, DoneFrame))
    return frame.codec, data
