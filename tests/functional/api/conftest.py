"""The application over moto, called as API Gateway would have it called."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
import structlog
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from structlog.testing import LogCapture

from scripts.local.stack import create_serving
from shared.cloud.clients import Clients, build_presigning_client
from shared.cloud.presigner import Presigner
from shared.model.limits import MEBIBYTE
from tests.functional.conftest import RECIPES, SOURCES, TABLE, VARIANTS
from tests.support.fakes import FakeClock
from worker.api.app import build_app
from worker.api.audit import Audit
from worker.api.callers import GatewayIdentities
from worker.api.context import CALL_LIMITS, ApiContext, assemble
from worker.api.settings import ApiSettings

NOW = 1_796_000_000.0
SERVING, PURGES = "serving", "purges"
RECIPES_KEY = "_recipes/test.json"
ANN = {"sub": "ann@example.com", "folder": "users/ann"}
SETTINGS = ApiSettings(
    fleet="pixfleet",
    sources_bucket=SOURCES,
    variants_bucket=VARIANTS,
    ledger_table=TABLE,
    serving_table=SERVING,
    recipes=f"s3://{VARIANTS}/{RECIPES_KEY}",
    max_bytes=300 * MEBIBYTE,
)


class Gateway:
    """An ASGI application before the API's, which adds the event of API Gateway."""

    def __init__(self, app: Audit, authorizer: Mapping[str, Any] | None) -> None:
        self._app = app
        self._authorizer = authorizer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: dict[str, Any] = {"requestId": "request-1"}
        if self._authorizer is not None:
            context["authorizer"] = self._authorizer
        scope["aws.event"] = {"version": "2.0", "requestContext": context}
        await self._app(scope, receive, send)


@dataclass
class Api:
    """The application with what is behind it."""

    context: ApiContext
    aws: Clients

    def client(
        self,
        claims: Mapping[str, str] | None = ANN,
        **settings: Any,  # noqa: ANN401
    ) -> TestClient:
        """Return a client with a token of these claims, of an API with changed settings."""
        authorizer = None if claims is None else {"jwt": {"claims": claims, "scopes": None}}
        context = replace(self.context, settings=replace(self.context.settings, **settings))
        app = build_app(context, GatewayIdentities())
        return TestClient(Gateway(app, authorizer), raise_server_exceptions=False)

    def drop(self, key: str, data: bytes = b"picture", **fields: Any) -> Mapping[str, Any]:  # noqa: ANN401
        self.aws.s3.put_object(Bucket=SOURCES, Key=key, Body=data, **fields)
        return self.aws.s3.head_object(Bucket=SOURCES, Key=key)

    def keys(self) -> list[str]:
        """Return the keys in the sources bucket."""
        found = self.aws.s3.list_objects_v2(Bucket=SOURCES).get("Contents", [])
        return [each["Key"] for each in found]


@pytest.fixture(name="api")
def _api(clients: Clients) -> Api:
    create_serving(clients.dynamodb, SERVING)
    clients.s3.put_object(Bucket=VARIANTS, Key=RECIPES_KEY, Body=json.dumps(RECIPES))
    session = boto3.session.Session(region_name="us-east-1")
    presigner = Presigner(build_presigning_client(CALL_LIMITS, session=session), SOURCES)
    return Api(assemble(SETTINGS, FakeClock(NOW), clients, presigner), clients)


@pytest.fixture(name="client")
def _client(api: Api) -> TestClient:
    return api.client()


@pytest.fixture(name="log_lines")
def _log_lines() -> Iterator[list[Any]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture])
    yield capture.entries
    structlog.configure(**before)
