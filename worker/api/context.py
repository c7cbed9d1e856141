"""The dependencies of the API, built once per process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import anyio

from shared.clock import Clock, SystemClock
from shared.cloud.calls import CallLimits, Calls
from shared.cloud.clients import Clients, build_clients, build_presigning_client, open_session
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.manifests import ManifestReader
from shared.cloud.multipart import MultipartUploads
from shared.cloud.objects import Objects
from shared.cloud.presigner import Presigner
from shared.cloud.queues import Queues
from shared.cloud.receipts import Receipts
from shared.cloud.source_bucket import SourceBucket
from shared.deadline import Deadline
from worker.api.settings import ApiSettings

if TYPE_CHECKING:
    from shared.model.recipe import RecipeSet

# API Gateway waits 30 s for an answer.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
ANSWER_SECONDS = 28.0
# A client waits for the answer, so a call fails soon; the client repeats the request. After the
# longest wait for a pending image, 20 s, there is time for a call.
CALL_LIMITS = CallLimits(connect_seconds=1, read_seconds=2, attempts=2, call_seconds=5.0)
# Deletions and lists of several keys make calls at the same time.
CONNECTIONS = 16


class Shared:
    """What is read from AWS once and then kept: the recipes and the signing key."""

    def __init__(self, objects: Objects, receipts: Receipts, recipes: str) -> None:
        self._objects = objects
        self._receipts = receipts
        self._place = recipes

    @cached_property
    def recipes(self) -> "RecipeSet":
        """Return the deployed recipes; their key names their content, so they never change."""
        return deployed_recipes(self._place, self._objects)

    @cached_property
    def signing_key(self) -> bytes:
        """Return the key by which the stack recognises its cursors and upload ids."""
        return self._receipts.signing_key()


@dataclass(frozen=True, slots=True)
class ApiContext:
    """What it takes to answer a request; `within` returns it for one that must end in time."""

    settings: ApiSettings
    clock: Clock
    calls: Calls
    clients: Clients
    presigner: Presigner
    shared: Shared = field(repr=False)
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    def within(self, seconds: float) -> "ApiContext":
        """Return the same dependencies for a request that must end after so many seconds."""
        deadline = Deadline.after(seconds, self.clock)
        return replace(self, calls=self.calls.within(deadline))

    @property
    def sources(self) -> SourceBucket:
        """Return the sources bucket."""
        return SourceBucket(self.clients.s3, self.calls, self.settings.sources_bucket)

    @property
    def multipart_uploads(self) -> MultipartUploads:
        """Return the multipart uploads into the sources bucket."""
        return MultipartUploads(self.clients.s3, self.calls, self.settings.sources_bucket)

    @property
    def manifests(self) -> ManifestReader:
        """Return the manifests in the variants bucket."""
        return ManifestReader(self.clients.s3, self.calls, self.settings.variants_bucket)

    @property
    def ledger(self) -> Ledger:
        """Return the ledger, of which the API only reads."""
        return Ledger(self.clients.dynamodb, self.calls, self.settings.ledger_table, self.clock)

    @property
    def ledger_reader(self) -> LedgerReader:
        """Return the ledger for reads of many keys."""
        return LedgerReader(self.clients.dynamodb, self.calls, self.settings.ledger_table)

    @property
    def queues(self) -> Queues:
        """Return the queues, of which the API sends to the purge queue."""
        return Queues(self.clients.sqs, self.calls)

    @property
    def receipts(self) -> Receipts:
        """Return the receipts of deletions."""
        table = self.settings.serving_table
        return Receipts(self.clients.dynamodb, self.calls, table, self.clock)


def build_api_context(settings: ApiSettings) -> ApiContext:
    """Return the dependencies that the settings describe."""
    session = open_session()
    clients = build_clients(CALL_LIMITS, connections=CONNECTIONS, session=session)
    presigning = build_presigning_client(
        CALL_LIMITS, session=session, endpoint_url=clients.s3.meta.endpoint_url
    )
    presigner = Presigner(presigning, settings.sources_bucket)
    return assemble(settings, SystemClock(), clients, presigner)


def assemble(
    settings: ApiSettings, clock: Clock, clients: Clients, presigner: Presigner
) -> ApiContext:
    """Return the context of these clients."""
    calls = Calls(CALL_LIMITS, Deadline.never(clock))
    objects = Objects(
        clients.s3,
        calls,
        sources_bucket=settings.sources_bucket,
        variants_bucket=settings.variants_bucket,
    )
    receipts = Receipts(clients.dynamodb, calls, settings.serving_table, clock)
    shared = Shared(objects, receipts, settings.recipes)
    return ApiContext(settings, clock, calls, clients, presigner, shared)
