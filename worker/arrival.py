"""Publishes a source: fetches and renders it, stores variants and manifest, commits the entry.

The order matters. Variants are stored first, then the files of the earlier version are deleted,
then the manifest names the new ones, and the commit to the ledger ends the claim. After a crash
in between, the next worker finds the key unfinished and begins again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.cloud.claims import Claim
from shared.cloud.entries import by_stored_name
from shared.cloud.items import Value
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.model.completion import Change
from shared.model.errors import DecodeTimeout, OutOfTime
from shared.model.focal import read_focal
from shared.model.intake import refuse_unfit
from shared.model.manifest import version_token, write_manifest
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION
from worker.context import WorkerContext
from worker.due_purge import makes_purge_due
from worker.forward import origin_fields
from worker.record_log import RecordLog
from worker.removal import delete_names
from worker.result import KeyResult
from worker.uploads import Uploads
from worker.variant_set import VariantSet


@dataclass(frozen=True, slots=True)
class Arrival:
    """One claimed source and the recipe to render it by.

    `watermark` is the file of the recipe's watermark; the recipe has its ETag. `uploads` are those
    of this source, none of which has begun.
    """

    source: Source
    recipe: Recipe
    watermark: bytes
    claim: Claim
    context: WorkerContext
    record_log: RecordLog
    uploads: Uploads

    def publish(self) -> KeyResult:
        """Publish every variant of the source; a `Failure` leaves the ledger as it was."""
        refuse_unfit(self.source, self.recipe, self.context.settings.limits)
        done, variants = self._render_and_store()
        # A page must not get the new version while a file of the earlier one is stored: CloudFront
        # would cache that file under the new version.
        self._delete_former(variants)
        self._store_manifest(done, variants)
        result = self._commit(done, variants)
        self.record_log.add_timing("publish")
        return result

    def _render_and_store(self) -> tuple[DoneFrame, VariantSet]:
        """Render the source and store its variants; no upload runs after this, failed or not."""
        try:
            done = self._fetch_and_render()
            variants = self.uploads.finish(done.lazy)
        finally:
            try:
                self.uploads.wait_until_idle()
            finally:
                self.record_log.slow_downs = self.uploads.slow_downs
        self.record_log.add_timing("upload")
        self.record_log.note_reduction(done.reduction, variants.stored)
        return done, variants

    def _fetch_and_render(self) -> DoneFrame:
        """Fetch while other images render, then keep one render child until the last variant."""
        with self.context.prefetch_slot():
            data = self._fetch()
            wait_seconds = self.context.deadline.remaining_seconds()
            with self.context.render_pool.child(wait_seconds=wait_seconds) as child:
                self.record_log.add_timing("wait")
                done = self._render(child, data)
                self.record_log.add_timing("render")
        return done

    def _fetch(self) -> bytes:
        """Return the bytes of the source, as soon as S3 accepts uploads in time for them."""
        deadline, policy = self.context.deadline, self.context.policy
        self.context.circuit_breaker.check()
        deadline.require(policy.least_fetch_seconds, "fetch")
        spare = deadline.earlier(policy.least_fetch_seconds)
        self.uploads.wait_until_admitted(spare)
        # A slow source has half of the time; a record that waits for its slot has the rest.
        until = deadline.within(spare.remaining_seconds() / 2)
        data = self.context.objects.fetch(self.source, until)
        self.record_log.add_timing("fetch")
        return data

    def _render(self, child: RenderChild, data: bytes) -> DoneFrame:
        """Begin the upload of each variant as soon as the child has finished it."""
        deadline, policy = self.context.deadline, self.context.policy
        self.context.circuit_breaker.check()
        deadline.require(policy.least_fetch_seconds, "render")
        self.context.held_files.wait_for_memory(deadline.earlier(policy.least_fetch_seconds))
        longest = self.context.settings.render_seconds
        limit = min(longest, deadline.remaining_seconds() - policy.calls.call_seconds)
        job = Job(
            self.recipe.without_keys(),
            self.context.settings.limits,
            read_focal(self.source.overrides.focal),
        )
        try:
            for reply in child.render(
                data, job, time_limit_seconds=limit, watermark=self.watermark
            ):
                if isinstance(reply, DoneFrame):
                    return reply
                self.uploads.begin(*reply)
        except DecodeTimeout as late:
            # The invocation was too short; the image need not be at fault.
            if limit < longest:
                raise OutOfTime(
                    f"Expected {longest:.0f} s for the render, got {limit:.0f} s before the end "
                    "of the invocation.",
                    stage="render",
                ) from late
            raise
        raise AssertionError("the frames of a child end with DoneFrame or a failure")

    def _delete_former(self, variants: VariantSet) -> None:
        """Delete what is stored of earlier versions and is not written again.

        That includes every lazy file: a renderer stored it for an earlier version.
        """
        former = self.claim.entry.may_exist
        delete_names(self.source.key, former - variants.names, self.context)

    def _store_manifest(self, done: DoneFrame, variants: VariantSet) -> None:
        """Store the manifest, by which pages get the new version."""
        document = write_manifest(
            self.source,
            self.recipe,
            done.facts,
            variants.stored,
            done.placeholder,
            done.reduction.still,
            lazy=variants.lazy,
        )
        self.context.objects.put_manifest(self.source, document, pace=self.context.upload_pace)

    def _commit(self, done: DoneFrame, variants: VariantSet) -> KeyResult:
        """Write the ledger entry, which makes the variants public and ends the claim."""
        change = Change.REPLACED if self.claim.entry.is_published else Change.COMPLETE
        version = version_token(self.source, self.recipe)
        purges = self.recipe.purges_replaced and makes_purge_due(self.claim, self.context)
        changed_at = self.context.ledger.commit(
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
                "variants": sorted(variants.names),
                "variant_bytes": variants.size_bytes,
                **_facts_of_renderer(done, variants),
                "cpu_seconds": round(done.cpu_seconds, 3),
                "total_seconds": round(self.record_log.elapsed_seconds(), 3),
                **origin_fields(self.record_log.work),
            },
            purges=purges,
        )
        return KeyResult(
            Outcome.MADE,
            change=change,
            changed_at=changed_at,
            etag=self.source.etag,
            recipe=self.recipe.name,
            version=version,
            variants=len(variants.names),
            variant_bytes=variants.size_bytes,
            purge_due=changed_at if purges else 0.0,
        )


def _facts_of_renderer(done: DoneFrame, variants: VariantSet) -> Mapping[str, Value]:
    """Return the facts by which a renderer makes the other names; empty for most entries."""
    facts: dict[str, Value] = {}
    if variants.equal:
        facts["equal"] = by_stored_name(variants.equal)
    if done.is_all_eager:
        facts["is_all_eager"] = True
    return facts
