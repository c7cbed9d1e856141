"""The application: its routes, and how a request becomes a call and its reply a response."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import (  # codespell:ignore convertors
    PathConvertor,
    register_url_convertor,
)
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from worker.api.audit import Audit, request_id_of
from worker.api.callers import Caller, Identities, caller_of
from worker.api.calls import Call, Reply
from worker.api.context import ANSWER_SECONDS, ApiContext
from worker.api.forms import read_form
from worker.api.problems import MEDIA_TYPE, Problem
from worker.api.requests import JSON, read_json, read_query, refuse_query
from worker.api.routes import ROUTES
from worker.api.routing import Route
from worker.api.translation import problem_of

NOBODY = Caller("", "")


class WholeRest(PathConvertor):
    """The rest of a path, line breaks included; Starlette's own leaves out one at the end."""

    regex = "(?s:.*)"


register_url_convertor("whole", WholeRest())

Responder = Callable[[Request], Awaitable[Response]]


def build_app(
    context: ApiContext, identities: Identities, routes: Sequence[Route] = ROUTES
) -> Audit:
    """Return the ASGI application over these dependencies."""
    responders: dict[str, dict[str, Responder]] = {}
    for route in routes:
        of_path = responders.setdefault(_pattern(route), {})
        of_path[route.method] = _responder(route, context, identities)
    app = Starlette(
        routes=[
            StarletteRoute(pattern, _by_method(of_path), methods=list(of_path))
            for pattern, of_path in responders.items()
        ],
        exception_handlers={HTTPException: _answer_problem, Exception: _answer_problem},
    )
    app.state.routes = routes
    # `/v1/images/` is no other name of `/v1/images`.
    app.router.redirect_slashes = False
    return Audit(app, context.clock)


def _pattern(route: Route) -> str:
    """Return the path as Starlette writes it: a key may contain slashes."""
    return route.path.replace("{key}", "{key:whole}")


def _by_method(responders: Mapping[str, Responder]) -> Responder:
    """Return one responder for all methods of a path, so that `Allow` names all of them."""

    async def respond(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await responders[method](request)

    return respond


def _responder(route: Route, context: ApiContext, identities: Identities) -> Responder:
    async def respond(request: Request) -> Response:
        request.state.audit["operation"] = route.name
        try:
            reply = await _reply(route, context, identities, request)
        except Exception as error:  # noqa: BLE001 - every error becomes a problem, which is logged
            return _answer(request, problem_of(error))
        return _response(reply)

    return respond


async def _reply(
    route: Route, context: ApiContext, identities: Identities, request: Request
) -> Reply:
    caller = NOBODY
    if not route.is_public:
        caller = caller_of(identities.claims(request), context.settings)
        request.state.audit["caller"] = caller.owner
    call = Call(context.within(ANSWER_SECONDS), caller, request)
    arguments = await _arguments(route, request)
    if inspect.iscoroutinefunction(route.endpoint):
        reply: Reply = await route.endpoint(call, **arguments)
        return reply
    # boto3 blocks, and others must be answered meanwhile.
    return await run_in_threadpool(route.endpoint, call, **arguments)


async def _arguments(route: Route, request: Request) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        name: msgspec.convert(request.path_params[name], kind, strict=False)
        for name, kind in route.path_parameters.items()
    }
    if route.query:
        arguments["query"] = read_query(request, route.query)
    else:
        refuse_query(request)
    if route.body:
        arguments["body"] = await read_json(request, route.body)
    if route.form:
        arguments["form"] = await read_form(request, route.form)
    return arguments


def _response(reply: Reply) -> Response:
    body = reply.encoded()
    headers = dict(reply.headers)
    return Response(body, reply.status, headers, media_type=JSON if body else None)


async def _answer_problem(request: Request, error: Exception) -> Response:
    return _answer(request, problem_of(error))


def _answer(request: Request, problem: Problem) -> Response:
    request.state.audit["problem"] = problem.name
    document = problem.document(request_id_of(request))
    return Response(document, problem.status, problem.headers, media_type=MEDIA_TYPE)
