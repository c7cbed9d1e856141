"""A source is there: fetch it, render it, store its variants, its manifest, its ledger entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloud.clients import CALL_SECONDS
from shared.cloud.ledger import Claim
from shared.deadline import Deadline
from shared.imaging.child_process import RenderChild
from shared.imaging.frames import DoneFrame, Job
from shared.model.completion import Change
from shared.model.errors import DecodeTimeout, OutOfTime
from shared.model.focal import read_focal
from shared.model.intake import refuse_unfit
from shared.model.manifest import StoredVariant, version_token, write_manifest
from shared.model.recipe import Recipe
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION
from worker.context import WorkerContext
from worker.record_log import RecordLog
from worker.removal import delete_names
from worker.uploads import Uploads

# Under this, a render begun would hardly be finished.
LEAST_RENDER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One source, under a claim, on its way to being published.

    `mark` is the file of the recipe's watermark, which the recipe knows by its ETag.
    """

    source: Source
    recipe: Recipe
    mark: bytes
    claim: Claim
    context: WorkerContext
    deadline: Deadline
    record_log: RecordLog

    def run(self) -> None:
        """Publish every variant of the source; a `Failure` leaves the ledger as it was."""
        refuse_unfit(self.source, self.recipe, self.context.settings.limits)
        uploads = Uploads(self.source, self.recipe, self.context, self.deadline)
        try:
            done = self._fetch_and_render(uploads)
            pictures = uploads.finish()
        finally:
            uploads.wait_until_idle()
        self.record_log.add_timing("upload")
        self._publish(done, pictures)
        self.record_log.add_timing("publish")

    def _fetch_and_render(self, uploads: Uploads) -> DoneFrame:
        """Fetch while other images render, then have a child to ourselves to the last variant."""
        with self.context.prefetch_slot(self.deadline):
            self.context.circuit_breaker.check()
            self.deadline.require(LEAST_RENDER_SECONDS + CALL_SECONDS, "fetch")
            ample = self.deadline.earlier(LEAST_RENDER_SECONDS + CALL_SECONDS)
            data = self.context.objects.fetch(self.source, ample)
            self.record_log.add_timing("fetch")
            wait_seconds = self.deadline.remaining_seconds()
            with self.context.render_pool.child(wait_seconds=wait_seconds) as child:
                self.record_log.add_timing("wait")
                done = self._render(child, data, uploads)
                self.record_log.add_timing("render")
        return done

    def _render(self, child: RenderChild, data: bytes, uploads: Uploads) -> DoneFrame:
        """Hand each variant to the uploads as soon as the child has finished it."""
        self.context.circuit_breaker.check()
        self.deadline.require(LEAST_RENDER_SECONDS + CALL_SECONDS, "render")
        most = self.context.settings.render_seconds
        limit = min(most, self.deadline.remaining_seconds() - CALL_SECONDS)
        job = Job(
            self.recipe.without_keys(),
            self.context.settings.limits,
            read_focal(self.source.overrides.focal),
        )
        try:
            for reply in child.render(data, job, time_limit_seconds=limit, watermark=self.mark):
                if isinstance(reply, DoneFrame):
                    return reply
                uploads.begin(*reply)
        except DecodeTimeout as late:
            if limit < most:
                raise OutOfTime("The invocation ended before it.", stage="render") from late
            raise
        raise AssertionError("a child's answers end with DoneFrame or a failure")

    def _publish(self, done: DoneFrame, pictures: Sequence[StoredVariant]) -> None:
        """Write the manifest, remove what this recipe no longer makes, and commit."""
        document = write_manifest(self.source, self.recipe, done.facts, pictures, done.placeholder)
        stored = frozenset(f"{picture.variant}.{picture.slot}" for picture in pictures)
        self.deadline.require(CALL_SECONDS, "put")
        self.context.objects.put_manifest(self.source, document)
        self.deadline.require(CALL_SECONDS, "delete")
        delete_names(self.source.key, self.claim.entry.stored - stored, self.context)
        change = Change.REPLACED if self.claim.entry.was_public else Change.COMPLETE
        version = version_token(self.source, self.recipe)
        variant_bytes = sum(picture.size_bytes for picture in pictures)
        self.deadline.require(CALL_SECONDS, "ledger")
        self.record_log.changed_at = self.context.ledger.commit(
            self.claim,
            {
                "change": change.value,
                "etag": self.source.etag,
                "identity": self.source.identity,
                "last_modified": self.source.last_modified,
                "source_bytes": self.source.size_bytes,
                "recipe": self.recipe.name,
                "fingerprint": self.recipe.fingerprint,
                "engine": ENGINE_VERSION,
                "version": version,
                "variants": sorted(stored),
                "variant_bytes": variant_bytes,
                "cpu_seconds": round(done.cpu_seconds, 3),
                "total_seconds": round(self.record_log.elapsed_seconds(), 3),
            },
        )
        self.record_log.change, self.record_log.version = change, version
        self.record_log.variants, self.record_log.variant_bytes = len(stored), variant_bytes
