"""The function behind API Gateway: `worker.api.handler.handler`."""

from functools import cache
from typing import Any

from mangum import Mangum

from shared.telemetry.logging import configure_logging
from worker.api.app import build_app
from worker.api.callers import GatewayIdentities
from worker.api.context import build_api_context
from worker.api.problems import MEDIA_TYPE
from worker.api.settings import read_api_settings


@cache
def application() -> Mangum:
    """Return this process's application; the first call builds the clients of AWS."""
    settings = read_api_settings()
    configure_logging(settings.log_format, fleet=settings.fleet)
    app = build_app(build_api_context(settings), GatewayIdentities())
    # Other bodies would be sent in Base64.
    return Mangum(app, lifespan="off", text_mime_types=["application/json", MEDIA_TYPE])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - API Gateway's shapes
    """Answer a request of API Gateway's HTTP API, payload format 2.0."""
    return application()(event, context)
