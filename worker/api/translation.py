"""Translates every error into a problem, once; no other module knows how the API answers them."""

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from shared.model.errors import AccessDenied, Transient, Unknown, UnsupportedKey
from worker.api.problems import (
    BadKey,
    BadRequest,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Problem,
    Unavailable,
)

log = structlog.get_logger()

METHOD_NOT_ALLOWED, NOT_FOUND = 405, 404
OUR_SIDE = "Tell the operator of this service the request_id: its logs say what happened."


def problem_of(error: Exception) -> Problem:
    """Return the problem for an error; unexpected ones are logged with their traceback."""
    match error:
        case Problem():
            problem: Problem = error
        case HTTPException():
            problem = _of_routing(error)
        case msgspec.MsgspecError():
            problem = BadRequest(f"Correct the request: {_first_line(error)}.")
        case MultiPartException():
            problem = BadRequest(f"Correct the form: {_lowered(_one_sentence(error.message))}")
        case UnsupportedKey():
            problem = BadKey(f"Choose another key: {_lowered(error.detail)}")
        case Transient() if not isinstance(error, AccessDenied | Unknown):
            log.warning("a call of AWS failed", error=str(error))
            problem = Unavailable("Repeat the request after a few seconds.")
        case _:
            log.error("a request failed unexpectedly", exc_info=error)
            problem = InternalError(OUR_SIDE)
    return problem


def _of_routing(error: HTTPException) -> Problem:
    if error.status_code == METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        return MethodNotAllowed(f"Use {allowed} here.", headers={"Allow": allowed})
    if error.status_code == NOT_FOUND:
        return NotFound("Use one of the routes in /v1/openapi.json.")
    return BadRequest("Send the request as /v1/openapi.json describes it.")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else "it is not valid JSON"


def _one_sentence(text: str) -> str:
    return f"{text.rstrip('.').replace('. ', ': ')}."


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
