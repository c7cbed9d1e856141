"""Uploads variants while the render child encodes the next one."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

from shared.cloud.persist import OneTurn, Pace
from shared.deadline import Deadline
from shared.imaging.child_protocol import VariantFrame
from shared.model.codec import Codec
from shared.model.errors import (
    Failure,
    Outside,
    StorageUnavailable,
    Throttled,
    Unknown,
)
from shared.model.lazy_file import LazyFile
from shared.model.recipe import Recipe, Slot
from shared.model.source import Source
from worker.context import WorkerContext
from worker.upload_pace import PendingUploads
from worker.variant_set import VariantSet


@dataclass(frozen=True, slots=True)
class _Upload:
    """A variant that is still to be stored, and why it is not."""

    name: tuple[str, Slot]
    codec: Codec
    data: bytes
    failure: Failure


class Uploads:
    """The variants of one source on their way to S3."""

    def __init__(self, source: Source, recipe: Recipe, context: WorkerContext) -> None:
        self._source = source
        self._recipe = recipe
        # Computed once: it takes a third of the time of a PUT.
        self._fingerprint = recipe.fingerprint
        self._context = context
        self._futures: list[Future[None]] = []
        # Those that S3 did not accept at the first attempt.
        self._left: deque[_Upload] = deque()
        self._variants = VariantSet(recipe, has_renderer=context.settings.on_demand)
        self._pending = PendingUploads(context.upload_pace, 0)
        self._held_bytes = 0

    @property
    def has_begun(self) -> bool:
        """Return whether objects may have been stored."""
        return bool(self._futures)

    @property
    def slow_downs(self) -> int:
        """Return how often S3 answered SlowDown to an upload."""
        return self._pending.slow_downs

    def wait_until_admitted(self, until: Deadline) -> None:
        """Wait until the variants can be stored in time, or raise `Throttled`.

        Called before the source is rendered: while S3 throttles, images that this worker has
        rendered already come first.
        """
        objects = len(self._recipe.eager_names())
        self._pending = self._context.upload_pace.admit(objects, until)

    def begin(self, frame: VariantFrame, data: bytes) -> None:
        """Start to store one file under the variants that share it and are stored at upload.

        The frame is one of the recipe's files, each of which comes once: `RenderChild` refuses
        all others. An object that is not in the ledger would never be deleted.
        """
        self._held_bytes += len(data)
        self._context.held_files.add(len(data))
        for variant in self._variants.add_file(frame, len(data)):
            self._futures.append(
                self._context.uploads.submit(
                    self._store_once, (variant, frame.slot), frame.codec, data
                )
            )

    def finish(self, lazy: Sequence[LazyFile]) -> VariantSet:
        """Wait until all files are stored and return the variants; raise the first failure.

        `lazy` are the files that are not stored before they are asked for.

        What S3 throttled is stored by the calling thread, which has nothing else to do. An upload
        thread that waited would keep other images from being stored.
        """
        for future in self._futures:
            future.result()
        while self._left:
            left = self._left[0]
            self._store(left.name, left.codec, left.data, self._pending)
            self._left.popleft()
        for file in lazy:
            self._variants.add_lazy(file)
        if missing := self._variants.missing():
            raise Unknown(
                f"Expected every variant from the child, got none of {sorted(missing)}.",
                stage="render",
            )
        return self._variants

    def wait_until_idle(self) -> None:
        """Wait until no upload runs: the claim must outlive every write.

        Raises a failure after which a write may still take effect, so that the claim is kept even
        if another failure came first.
        """
        for future in self._futures:
            future.cancel()
        wait(self._futures)
        self._pending.close()
        self._context.held_files.remove(self._held_bytes)
        failures = [each.exception() for each in self._futures if not each.cancelled()]
        for failure in (*failures, *(left.failure for left in self._left)):
            if isinstance(failure, Outside | Unknown):
                raise failure

    def _store_once(self, name: tuple[str, Slot], codec: Codec, data: bytes) -> None:
        """Make one attempt, when this worker may."""
        try:
            self._store(name, codec, data, OneTurn(self._pending))
        except (StorageUnavailable, Throttled) as failure:
            self._left.append(_Upload(name, codec, data, failure))

    def _store(self, name: tuple[str, Slot], codec: Codec, data: bytes, pace: Pace) -> None:
        self._context.objects.put_variant(
            self._source, self._fingerprint, name, codec, data, pace=pace
        )
