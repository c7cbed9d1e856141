"""The schema of the stack document: the names of everything that a stack consists of.

terraform/stack_document.tf writes the document, as the SSM parameter `/pixfleet/<prefix>` and as
the output `stack`. Every command reads it. Eight structs of msgspec take a fifteenth of the time
that dataclasses take to define.
"""

import json
from collections.abc import Mapping

import msgspec

from shared.model.errors import Misconfigured

SCHEMA_VERSION = 1
LIVE, BULK = "live", "bulk"


class Lane(msgspec.Struct, frozen=True):
    """One queue by name, the key prefixes that go there, and how many batches run at once.

    `mapping_id` is the id of its event source mapping, empty without a Lambda function, and
    `batch_size` the most messages of a batch. `larger` is the lane that gets what this one cannot
    render, and `size` the name of its `Size`; both are empty if there is none.
    """

    queue: str
    prefixes: tuple[str, ...] = ()
    maximum_concurrency: int = 1
    mapping_id: str = ""
    batch_size: int = 10
    larger: str = ""
    size: str = ""


class Size(msgspec.Struct, frozen=True):
    """A function for lanes with more memory or time; `environment` has what differs there."""

    function: str
    function_alias: str
    memory_mb: int
    timeout_seconds: int
    log_group: str = ""
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)


class EdgeFunction(msgspec.Struct, frozen=True):
    """A CloudFront function, and the SHA-256 of the code that Terraform applied, in hex digits."""

    name: str
    sha256: str


class Distribution(msgspec.Struct, frozen=True):
    """The CloudFront distribution; with `needs_signing` it serves signed URLs only.

    `functions` are by event, such as `viewer-request`.
    """

    id: str
    url: str
    needs_signing: bool = False
    functions: Mapping[str, EdgeFunction] = msgspec.field(default_factory=dict)


class Renderer(msgspec.Struct, frozen=True):
    """The function that makes missing objects at their first request.

    `reserved_concurrency` is None if none is reserved.
    """

    function: str
    function_alias: str
    log_group: str = ""
    memory_mb: int = 1769
    reserved_concurrency: int | None = None


class Purge(msgspec.Struct, frozen=True):
    """The queue of keys to purge, and the function that receives from it.

    `monthly_paths` is how many paths it may have invalidated in a month, and `mapping_id` the id
    of its event source mapping.
    """

    queue: str
    monthly_paths: int
    function: str = ""
    function_alias: str = ""
    log_group: str = ""
    mapping_id: str = ""


class Api(msgspec.Struct, frozen=True):
    """The HTTP API: where it is served, and the function that answers."""

    url: str
    id: str = ""
    function: str = ""
    log_group: str = ""
    access_log_group: str = ""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """One stack. A name is empty if the stack has no such resource.

    `recipes` is `s3://bucket/key`; `environment` holds the worker's environment variables.
    """

    schema: int
    prefix: str
    region: str
    sources_bucket: str
    variants_bucket: str
    ledger_table: str
    status_index: str
    lanes: Mapping[str, Lane]
    dead_letter_queue: str
    recipes: str
    environment: Mapping[str, str]
    function: str = ""
    function_alias: str = ""
    memory_mb: int = 1769
    architecture: str = "arm64"
    log_group: str = ""
    topic_arn: str = ""
    dashboard: str = ""
    trigger: str = "notification"
    serving_table: str = ""
    distribution: Distribution | None = None
    renderer: Renderer | None = None
    purge: Purge | None = None
    api: Api | None = None
    sizes: Mapping[str, Size] = msgspec.field(default_factory=dict)

    @property
    def log_groups(self) -> tuple[str, ...]:
        """Return the log groups of all workers."""
        return tuple(
            filter(None, (self.log_group, *(each.log_group for each in self.sizes.values())))
        )

    def size_of(self, lane: str) -> Size | None:
        """Return the size of a lane; None if the worker's function works it off."""
        return self.sizes.get(self.lanes[lane].size)

    def environment_of(self, lane: str) -> Mapping[str, str]:
        """Return the worker's environment variables in the function of a lane."""
        size = self.size_of(lane)
        return {**self.environment, **size.environment} if size else self.environment

    def lanes_from(self, lane: str) -> tuple[str, ...]:
        """Return a lane and the larger lanes above it, each once, up to one that is unknown."""
        found: list[str] = []
        while lane in self.lanes and lane not in found:
            found.append(lane)
            lane = self.lanes[lane].larger
        return tuple(found)

    @property
    def parameter(self) -> str:
        """Return the name of the SSM parameter that holds this document."""
        return parameter_name(self.prefix)

    @property
    def is_on_demand(self) -> bool:
        """Return whether the workers leave lazy files to a renderer."""
        return self.environment.get("PIXFLEET_ON_DEMAND") == "true"

    def lane_of(self, key: str) -> str:
        """Return the lane to which S3 sends the events of a key."""
        for name, lane in self.lanes.items():
            if name != LIVE and key.startswith(lane.prefixes or ("\0",)):
                return name
        return LIVE

    def document(self) -> str:
        """Return the JSON that `read_stack` reads."""
        return msgspec.json.encode(self).decode()


def parameter_name(prefix: str) -> str:
    """Return the name of the SSM parameter of the stack with this prefix."""
    return f"/pixfleet/{prefix}"


def read_stack(text: str | bytes, *, where: str) -> Stack:
    """Return the stack of a document; `Misconfigured` if it is invalid.

    `text` is the document itself, or the output of `terraform output -json` of a root module with
    an output named `stack`.
    """
    try:
        document = json.loads(text)
        if isinstance(document, dict) and "schema" not in document:
            document = document["stack"]["value"]
        stack = msgspec.convert(document, Stack)
    except (ValueError, KeyError, TypeError, RecursionError, msgspec.ValidationError) as refused:
        raise Misconfigured(
            f"{where} does not describe a stack",
            [f"expected the document that Terraform writes as output `stack`: {refused}"],
        ) from refused
    if stack.schema != SCHEMA_VERSION:
        raise Misconfigured(
            f"{where} cannot be read",
            [
                (
                    f"expected schema {SCHEMA_VERSION}, got {stack.schema}: "
                    "use the `pixfleet` of the version that was applied"
                )
            ],
        )
    if LIVE not in stack.lanes:
        raise Misconfigured(f"{where} cannot be used", [f"expected a lane {LIVE}, got none"])
    return stack
