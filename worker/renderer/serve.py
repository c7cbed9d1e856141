"""Serves one request: reads it, answers it and logs the answer, whatever happens."""

from collections.abc import Callable

import structlog

from shared.deadline import Deadline
from shared.model.errors import Cause
from worker.renderer.answer import answer
from worker.renderer.context import RendererContext
from worker.renderer.request import Asked, BadMethod, NotAnObject
from worker.renderer.request_log import Answered, RequestLog
from worker.renderer.response import Response, missing, not_allowed, unavailable

log = structlog.get_logger()


def serve(
    read: Callable[[], Asked],
    context: RendererContext,
    deadline: Deadline,
    *,
    request_id: str = "",
) -> Response:
    """Return the response to the request that `read` returns; never raises."""
    request_log = RequestLog(context.clock, request_id)
    until = deadline.earlier(context.policy.answer_seconds)
    try:
        response = _response(read, context.within(until), request_log)
    except Exception:
        log.exception("request failed unexpectedly", request_id=request_id)
        request_log.answered = Answered.UNAVAILABLE
        response = unavailable(Cause.UNKNOWN)
    if timing := request_log.server_timing():
        response = response.with_header("server-timing", timing)
    request_log.log_response(response)
    return response


def _response(
    read: Callable[[], Asked], context: RendererContext, request_log: RequestLog
) -> Response:
    try:
        return answer(read(), context, request_log)
    except NotAnObject:
        request_log.answered = Answered.INVALID
        return missing()
    except BadMethod:
        request_log.answered = Answered.INVALID
        return not_allowed()
