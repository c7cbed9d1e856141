"""The application over moto, called as API Gateway would have it called."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import anyio
import boto3
import pytest
import structlog
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from structlog.contextvars import merge_contextvars
from structlog.testing import LogCapture

from scripts.local.stack import create_serving
from shared.cloud.claims import Claim
from shared.cloud.clients import Clients, build_presigning_client
from shared.cloud.items import Value
from shared.cloud.presigner import Presigner
from shared.model.codec import Codec
from shared.model.errors import Failure
from shared.model.keys import manifest_key
from shared.model.limits import MEBIBYTE
from shared.model.manifest import Placeholder, SourceFacts, StoredVariant, write_manifest
from shared.model.recipe import Slot
from shared.model.versions import ENGINE_VERSION
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
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        **settings: Any,  # noqa: ANN401 - fields of ApiSettings
    ) -> TestClient:
        """Return a client with a token of these claims, of an API with changed settings."""
        authorizer = None if claims is None else {"jwt": {"claims": claims, "scopes": None}}
        changed = replace(self.context.settings, **settings)
        context = replace(self.context, settings=changed, sleep=sleep)
        app = build_app(context, GatewayIdentities())
        return TestClient(Gateway(app, authorizer), raise_server_exceptions=False)

    def drop(self, key: str, data: bytes = b"picture", **fields: Any) -> Mapping[str, Any]:  # noqa: ANN401
        self.aws.s3.put_object(Bucket=SOURCES, Key=key, Body=data, **fields)
        return self.aws.s3.head_object(Bucket=SOURCES, Key=key)

    def claim(self, key: str) -> Claim:
        """Begin the work of a worker on a key."""
        return self.context.ledger.claim(key, lease_seconds=60, may_store=["w64.webp"])

    def facts(self, key: str) -> dict[str, Value]:
        """Return what a worker commits about a source."""
        upload = self.context.sources.describe(key)
        assert upload is not None
        source = upload.source
        return {
            "change": "complete",
            "etag": source.etag,
            "identity": source.identity,
            "last_modified": source.last_modified,
            "source_bytes": source.size_bytes,
        }

    def publish(self, key: str) -> None:
        """Publish a source as a worker does; its variants are in the manifest only."""
        upload = self.context.sources.describe(key)
        assert upload is not None
        recipe = self.context.shared.recipes.recipes[0]
        variants = [
            StoredVariant("w64", Slot.WEBP, Codec.WEBP, 64, 48, 3),
            StoredVariant("w64", Slot.FALLBACK, Codec.JPEG, 64, 48, 5),
            StoredVariant("w32", Slot.WEBP, Codec.WEBP, 32, 24, 2),
        ]
        facts = SourceFacts("jpeg", 64, 48, 1, has_alpha=False)
        document = write_manifest(
            upload.source, recipe, facts, variants, Placeholder("data:,", "#abcdef")
        )
        self.aws.s3.put_object(Bucket=VARIANTS, Key=manifest_key(key), Body=document)
        made: dict[str, Value] = {
            "recipe": recipe.name,
            "fingerprint": recipe.fingerprint,
            "engine": ENGINE_VERSION,
            "variants": ["w64.webp", "w64.fallback", "w32.webp"],
            "variant_bytes": 10,
            "cpu_seconds": 0.5,
            "total_seconds": 1.5,
        }
        self.context.ledger.commit(self.claim(key), {**self.facts(key), **made})

    def reject(self, key: str, failure: Failure) -> None:
        """Reject a source as a worker does."""
        self.context.ledger.reject(self.claim(key), failure, self.facts(key))

    def tombstone(self, key: str) -> None:
        """Write the tombstone of a key as a worker does."""
        self.context.ledger.tombstone(self.claim(key), {"change": "removed"})

    def keys(self) -> list[str]:
        """Return the keys in the sources bucket."""
        found = self.aws.s3.list_objects_v2(Bucket=SOURCES).get("Contents", [])
        return [each["Key"] for each in found]


@pytest.fixture(name="api")
def _api(clients: Clients) -> Api:
    create_serving(clients.dynamodb, SERVING)
    clients.s3.put_object(Bucket=VARIANTS, Key=RECIPES_KEY, Body=json.dumps(RECIPES))
    session = boto3.session.Session(region_name="us-east-1")
    presigner = Presigner(
        build_presigning_client(
            CALL_LIMITS, session=session, endpoint_url=clients.s3.meta.endpoint_url
        ),
        SOURCES,
    )
    return Api(assemble(SETTINGS, FakeClock(NOW), clients, presigner), clients)


@pytest.fixture(name="client")
def _client(api: Api) -> TestClient:
    return api.client()


@pytest.fixture(name="log_lines")
def _log_lines() -> Iterator[list[Any]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[merge_contextvars, capture])
    yield capture.entries
    structlog.configure(**before)
