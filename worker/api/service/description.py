"""GET /v1/openapi.json: the description of the API."""

from worker.api.calls import Call, Reply
from worker.api.openapi import document


def get_openapi(call: Call) -> Reply:
    """Return this description of the API, in OpenAPI 3.1."""
    return Reply(document(call.request.app.state.routes))
