"""Sources that failed, each with what its owner has to know: for lists of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from scripts.pixfleet.stack.causes import FixedBy
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.cloud.source_bucket import SourceBucket
from shared.model.errors import Failure

THREADS = 16
BATCH = 10 * THREADS


@dataclass(frozen=True, slots=True)
class FailedImage:
    """A source that failed.

    `at` is when it failed, None if that is unknown. `size_bytes` is None for a source that is
    gone or could not be read, and `owner` is who uploaded it, empty if the upload did not say.
    `message_id` is that of its dead letter, empty for an entry of the ledger.
    """

    key: str
    cause: str
    fixed_by: FixedBy
    at: datetime | None
    detail: str = ""
    size_bytes: int | None = None
    owner: str = ""
    message_id: str = ""


class SourceFacts:
    """Adds size and owner to failed images by a HeadObject each.

    Dead letters and the ledger have neither. After the first failed call `problem` says why, and
    no more calls are made: the same would happen to each of thousands.
    """

    def __init__(self, bucket: SourceBucket) -> None:
        self.problem = ""
        self._bucket = bucket

    def added(
        self, images: Iterable[FailedImage], advance: Callable[[int], None] = lambda _: None
    ) -> Iterator[FailedImage]:
        """Yield the images in their order with size and owner; `advance` gets steps."""
        left = iter(images)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="head") as threads:
            while batch := list(islice(left, BATCH)):
                yield from threads.map(self._with_facts, batch)
                advance(len(batch))

    def _with_facts(self, image: FailedImage) -> FailedImage:
        if not image.key or self.problem:
            return image
        try:
            found = self._bucket.describe(image.key)
        except Failure as failure:
            self.problem = f"Sizes and owners are missing: {failure}"
            return image
        if found is None or found.source.has_customer_key:
            return image
        return replace(image, size_bytes=found.source.size_bytes, owner=found.owner)


@dataclass(frozen=True, slots=True)
class FailedImages:
    """A list of failed images; not `is_complete` if there are more, for the reason `why`."""

    images: Sequence[FailedImage]
    is_complete: bool = True
    why: str = ""


def source_facts(stack: Stack, clients: AwsClients) -> SourceFacts:
    """Return what adds size and owner of a stack's sources."""
    return SourceFacts(SourceBucket(clients.s3, clients.calls, stack.sources_bucket))
