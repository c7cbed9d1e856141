"""The renderer's handler: an event of a Lambda function URL in, a response out."""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import structlog

from shared.deadline import Deadline
from shared.model.errors import Cause
from shared.settings import read_settings
from shared.telemetry.logging import configure_logging
from worker.renderer.context import RendererContext, build_context
from worker.renderer.request import read_event
from worker.renderer.response import unavailable
from worker.renderer.serve import serve

log = structlog.get_logger()


class LambdaContext(Protocol):
    """What we use of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda kills the invocation."""
        ...


@cache
def renderer() -> RendererContext:
    """Return this process's dependencies; the first call starts the render child."""
    settings = read_settings()
    configure_logging(settings.log_format, fleet=settings.fleet)
    return build_context(settings)


def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Answer one request. An exception would reach the viewer as a 502, so there is none."""
    return respond(event, context, renderer)


def respond(
    event: object, context: LambdaContext, renderer: Callable[[], RendererContext]
) -> dict[str, Any]:
    """Return the response in Lambda's form, even if `renderer` raises."""
    try:
        ready = renderer()
        left_seconds = context.get_remaining_time_in_millis() / 1000
        deadline = Deadline.after(left_seconds, ready.clock)
        response = serve(
            lambda: read_event(event), ready, deadline, request_id=context.aws_request_id
        )
    except Exception:
        log.exception("renderer cannot start")
        response = unavailable(Cause.UNKNOWN)
    return response.function_url(is_head=_is_head(event))


def _is_head(event: object) -> bool:
    try:
        method: object = event["requestContext"]["http"]["method"]  # type: ignore[index]
    except (KeyError, TypeError):
        return False
    return method == "HEAD"
