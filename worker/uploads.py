"""Stores variants behind the render: the child encodes the next one while these travel."""

from concurrent.futures import Future, wait

from shared.cloud.clients import CALL_SECONDS
from shared.deadline import Deadline
from shared.imaging.frames import VariantFrame
from shared.imaging.intake.sniff import sniff
from shared.model.errors import DecoderCrash, Outside, Unknown
from shared.model.manifest import StoredVariant
from shared.model.recipe import Codec, Recipe, Slot
from shared.model.source import Source
from worker.context import WorkerContext


class Uploads:
    """The variants of one source on their way to S3."""

    def __init__(
        self, source: Source, recipe: Recipe, context: WorkerContext, deadline: Deadline
    ) -> None:
        self._source = source
        self._recipe = recipe
        # Once: it takes a third of what a PUT takes.
        self._fingerprint = recipe.fingerprint
        self._context = context
        self._deadline = deadline
        self._futures: list[Future[None]] = []
        self._pictures: list[StoredVariant] = []

    def begin(self, frame: VariantFrame, data: bytes) -> None:
        """Start to store one file under every variant that shares it.

        Only what the recipe stores, and each once: a child that a hostile image has taken over may
        send anything, and what the ledger does not know of would never be deleted.
        """
        self._refuse_unexpected(frame, data)
        for variant in frame.variants:
            self._pictures.append(
                StoredVariant(
                    variant, frame.slot, frame.codec, frame.width, frame.height, len(data)
                )
            )
            self._futures.append(
                self._context.uploads.submit(self._store, (variant, frame.slot), frame.codec, data)
            )

    def finish(self) -> tuple[StoredVariant, ...]:
        """Wait until all is stored and return what; raise the first failure."""
        for future in self._futures:
            future.result()
        expected, made = self._recipe.stored_names(), self._pictures
        if {(picture.variant, picture.slot) for picture in made} != set(expected):
            raise Unknown(
                f"Expected {len(expected)} variants from the child, got {len(made)}.",
                stage="render",
            )
        return tuple(made)

    def wait_until_idle(self) -> None:
        """Leave no upload running, whatever happened: the claim must outlive every write.

        Raises a failure after which a write may still take effect, so that the claim is kept even
        where something else failed first.
        """
        for future in self._futures:
            future.cancel()
        wait(self._futures)
        failures = [each.exception() for each in self._futures if not each.cancelled()]
        for failure in failures:
            if isinstance(failure, Outside | Unknown):
                raise failure

    def _refuse_unexpected(self, frame: VariantFrame, data: bytes) -> None:
        names = [(variant, frame.slot) for variant in frame.variants]
        known = {(picture.variant, picture.slot) for picture in self._pictures}
        expected = set(self._recipe.stored_names()) - known
        if len(set(names)) < len(names) or not set(names) <= expected:
            raise DecoderCrash(f"The render child sent {names} unasked.", stage="render")
        if sniff(data) != frame.codec:
            raise DecoderCrash(f"The render child sent no {frame.codec}.", stage="render")

    def _store(self, name: tuple[str, Slot], codec: Codec, data: bytes) -> None:
        self._deadline.require(CALL_SECONDS, "put")
        self._context.objects.put_variant(self._source, self._fingerprint, name, codec, data)
