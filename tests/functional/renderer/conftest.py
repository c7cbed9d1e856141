"""The renderer put together over moto, beside a worker that publishes."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import pytest

from scripts.local.stack import create_serving
from shared.cloud.clients import Clients
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.serving import Serving
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.model.keys import stored_key
from tests.functional.conftest import SOURCES, TABLE, VARIANTS, World
from tests.support.fakes import unbounded_calls
from worker.renderer.context import RendererContext
from worker.renderer.handler import respond
from worker.renderer.policy import POLICY, RendererPolicy

SERVING = "serving"
KEY = "photos/cat.jpg"
RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "lazy",
            "match": {"prefix": ""},
            "variants": [
                {"widths": [32, 64, 128], "formats": ["avif", "webp"], "lazy": ["webp"]},
                {"widths": [64], "formats": ["fallback"]},
            ],
        },
        {
            "name": "square",
            "match": {"prefix": "never-by-key/"},
            "variants": [
                {"name": "sq", "width": 16, "height": 16, "fit": "cover", "formats": ["webp"]}
            ],
        },
    ],
}
ON_DEMAND = {"PIXFLEET_ON_DEMAND": "true", "PIXFLEET_SERVING_TABLE": SERVING}


@dataclass
class LambdaContext:
    """What Lambda hands to a handler."""

    seconds: float = 25.0
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return round(self.seconds * 1000)


@dataclass(frozen=True)
class Got:
    """A response as the edge receives it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def cause(self) -> str:
        return self.headers.get("x-pixfleet-cause", "")


@dataclass
class RendererWorld:
    """A worker and a renderer of the same AWS."""

    worker: World
    context: RendererContext
    count: dict[str, int] = field(default_factory=dict)

    @property
    def clients(self) -> Clients:
        return self.worker.clients

    def publish(self, data: bytes, key: str = KEY, **metadata: str) -> None:
        self.worker.drop(key, data, metadata)
        self.worker.process(quote(key))

    def ask(
        self,
        name: str,
        key: str = KEY,
        *,
        version: str = "",
        seconds: float = 25.0,
        is_encoded: bool = True,
        method: str = "GET",
        **headers: str,
    ) -> Got:
        """Return the response to one request of the edge, for an object of a source."""
        path = f"/{stored_key(key, name)}"
        return self.ask_path(
            quote(path) if is_encoded else path,
            query=f"v={version}" if version else "",
            seconds=seconds,
            method=method,
            **headers,
        )

    def ask_path(
        self,
        path: str,
        *,
        query: str = "",
        seconds: float = 25.0,
        method: str = "GET",
        **headers: str,
    ) -> Got:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "requestContext": {"http": {"method": method, "path": path}},
        }
        raw: dict[str, Any] = respond(event, LambdaContext(seconds), lambda: self.context)
        body = base64.b64decode(raw["body"]) if raw["isBase64Encoded"] else raw["body"].encode()
        return Got(raw["statusCode"], raw["headers"], body)

    def is_stored(self, name: str, key: str = KEY) -> bool:
        return name in self.worker.stored_names(key)

    def object(self, name: str, key: str = KEY) -> dict[str, Any]:
        """Return an object as S3 would answer with it."""
        return dict(self.clients.s3.get_object(Bucket=VARIANTS, Key=stored_key(key, name)))

    def lose(self, *names: str, key: str = KEY) -> None:
        """Delete objects that the ledger lists."""
        for name in names:
            self.clients.s3.delete_object(Bucket=VARIANTS, Key=stored_key(key, name))

    def version(self, key: str = KEY) -> str:
        return self.worker.ledger.read(key).version

    def lazy(self, key: str = KEY) -> frozenset[str]:
        """Return the names that renderers have stored, by the ledger."""
        return self.worker.ledger.read(key).lazy

    def with_policy(self, **changes: Any) -> None:  # noqa: ANN401 - values of the policy
        self.context = replace(self.context, policy=replace(self.context.policy, **changes))


@pytest.fixture(name="make_served")
def _make_served(
    make_world: Callable[..., World], clients: Clients
) -> Callable[..., RendererWorld]:
    create_serving(clients.dynamodb, SERVING)

    def make(
        recipes: object = RECIPES, policy: RendererPolicy = POLICY, **environment: str
    ) -> RendererWorld:
        worker = make_world(recipes, **ON_DEMAND, **environment)
        own, clock = worker.context, worker.context.clock
        calls = unbounded_calls(clock, policy.calls).within(Deadline.passed(clock))
        context = RendererContext(
            settings=own.settings,
            policy=policy,
            clock=clock,
            deadline=calls.deadline,
            objects=Objects(clients.s3, calls, sources_bucket=SOURCES, variants_bucket=VARIANTS),
            ledger=Ledger(clients.dynamodb, calls, TABLE, clock),
            serving=Serving(
                clients.dynamodb, replace(calls, limits=policy.serving_calls), SERVING, clock
            ),
            recipes=own.recipes,
            watermarks=Watermarks(),
            render_pool=own.render_pool,
        )
        return RendererWorld(worker, context)

    return make


@pytest.fixture(name="served")
def _served(make_served: Callable[..., RendererWorld]) -> RendererWorld:
    return make_served()
