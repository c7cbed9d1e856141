"""Requests that change something: only with `--act`, a CSRF token, and what the page asks for."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from scripts.pixfleet.console.guard import CSRF_FIELD, FORBIDDEN, is_csrf_token
from scripts.pixfleet.console.site import site_of

Change = Callable[[Request, FormData], Response]
MAX_FIELDS = 10
READ_ONLY = "This console is read-only. Start `pixfleet console --act` to change something."
NOT_OURS = "The form was not sent by a page of this console. Open the page again."


def change(act: Change) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a form."""

    async def endpoint(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=MAX_FIELDS)
        if refused := refusal(request, str(form.get(CSRF_FIELD, ""))):
            return refused
        return await run_in_threadpool(act, request, form)

    return endpoint


def refusal(request: Request, token: str) -> Response | None:
    """Return the answer to a request that may change nothing; None if it may."""
    site = site_of(request)
    if not site.may_act:
        return site.page("failed.html", request, {"problems": [READ_ONLY]}, FORBIDDEN)
    if not is_csrf_token(token, site.keys):
        return site.page("failed.html", request, {"problems": [NOT_OURS]}, FORBIDDEN)
    return None
