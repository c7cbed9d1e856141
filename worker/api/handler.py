"""The function behind API Gateway: `worker.api.handler.handler`."""

from functools import cache
from typing import Any

from mangum import Mangum
from mangum.handlers import HTTPGateway

from shared.telemetry.logging import configure_logging
from worker.api.app import build_app
from worker.api.audit import Audit
from worker.api.callers import GatewayIdentities
from worker.api.context import build_api_context
from worker.api.problems import MEDIA_TYPE
from worker.api.requests import JSON
from worker.api.settings import read_api_settings


class DecodedPath(HTTPGateway):
    """Takes the path as API Gateway passes it on, which has decoded it.

    Mangum decodes it once more, and `100%25.jpg` would become another key.
    """

    @property
    def scope(self) -> dict[str, Any]:
        """Return the request as ASGI describes it."""
        return {**super().scope, "path": self.event["requestContext"]["http"]["path"]}


@cache
def application() -> Mangum:
    """Return this process's application; the first call builds the clients of AWS."""
    settings = read_api_settings()
    configure_logging(settings.log_format, fleet=settings.fleet)
    return mangum(build_app(build_api_context(settings), GatewayIdentities()))


def mangum(app: Audit) -> Mangum:
    """Return an application as a Lambda function; JSON is not encoded in Base64."""
    return Mangum(
        app,
        lifespan="off",
        custom_handlers=[DecodedPath],
        text_mime_types=[JSON, MEDIA_TYPE],
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - API Gateway's shapes
    """Answer a request of API Gateway's HTTP API, payload format 2.0."""
    return application()(event, context)
