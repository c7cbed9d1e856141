"""Decides what to answer: looks at the ledger, at what is stored, and makes what is missing."""

from dataclasses import dataclass
from functools import partial

from shared.cloud.stored_objects import VERSION, StoredFile
from shared.model.entry import Entry
from shared.model.errors import Cause, Failure, OutOfTime, Outside, SourceChanged
from shared.model.intake import refuse_unfit
from shared.model.keys import public_url, stored_key
from shared.model.manifest import version_token
from shared.model.recipe import Slot
from worker.renderer.context import RendererContext
from worker.renderer.failed_renders import raise_remembered, remember
from worker.renderer.observed import Ended, Observed, is_finished, observe, observe_source
from worker.renderer.rendering import Rendered, render
from worker.renderer.request import Asked
from worker.renderer.request_log import Answered, RequestLog
from worker.renderer.response import (
    OK,
    Content,
    Response,
    content_response,
    missing,
    redirected,
    refused,
    unavailable,
)
from worker.renderer.single_flight import end, lock_or_object, unpublished_place
from worker.renderer.storing import store


def answer(asked: Asked, context: RendererContext, request_log: RequestLog) -> Response:
    """Return the response to a request; `context` must be within a deadline."""
    request_log.asked = asked
    try:
        return _Answer(asked, context, request_log).response()
    except Ended as ended:
        request_log.answered = ended.answered
        return ended.response
    except Failure as failure:
        request_log.failure = failure
        is_final = failure.is_permanent
        request_log.answered = Answered.REJECTED if is_final else Answered.UNAVAILABLE
        return refused(failure)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One request on its way to a response."""

    asked: Asked
    context: RendererContext
    log: RequestLog

    def response(self) -> Response:
        asked, context = self.asked, self.context
        is_known = asked.file is None or asked.name in context.recipes.object_names()
        if not is_known or context.recipes.matching(asked.source_key) is None:
            raise Ended(missing(), Answered.MISSING)
        entry = context.ledger.read(asked.source_key)
        self.log.add_timing("ledger")
        observed = observe(asked.source_key, entry, context)
        self.log.add_timing("head")
        if stored := self._look():
            return self._found(stored)
        if asked.file is None:  # a manifest is made by a worker only
            raise Ended(missing(), Answered.MISSING)
        if copied := self._copy(entry):
            return copied
        return self._make(entry, observed, asked.file)

    def _look(self) -> StoredFile | None:
        return self._read(self.asked.stored_key)

    def _read(self, key: str) -> StoredFile | None:
        stored = self.context.objects.read_variant(
            key, most_bytes=self.context.policy.max_body_bytes
        )
        self.log.add_timing("look")
        return stored

    def _found(self, stored: StoredFile, *, has_waited: bool = False) -> Response:
        """Answer with an object that S3 could have answered with.

        A request that `has_waited` for another one to store it may be redirected to it. Any other
        comes because S3 has it only now, or because the edge cannot read the bucket: then the edge
        would follow a redirect back to here without end.
        """
        age_seconds = self.context.clock.now() - stored.stored_at
        self.log.is_blind = age_seconds > self.context.policy.blind_seconds
        return self._content(_content(stored), Answered.FOUND, is_stored=has_waited)

    def _copy(self, entry: Entry) -> Response | None:
        """Answer with the object that has the same bytes, and copy it; None if there is none."""
        key, name = self.asked.source_key, entry.equal.get(self.asked.name)
        original = self._read(stored_key(key, name)) if name and is_finished(entry) else None
        if name is None or original is None or original.metadata.get(VERSION) != entry.version:
            return None
        copy = partial(
            self.context.objects.copy_variant, key, name, self.asked.name, etag=original.etag
        )
        is_stored = store(self.asked, entry, copy, self.context, self.log)
        return self._content(_content(original), Answered.COPIED, is_stored=is_stored)

    def _make(self, entry: Entry, observed: Observed | None, file: tuple[str, Slot]) -> Response:
        """Answer with a new file, and store it if the ledger has the version that it is of."""
        observed = observed or observe_source(self.asked.source_key, entry, self.context)
        try:
            if is_finished(entry) and _version(observed) == entry.version:
                return self._make_and_store(entry, observed, file)
            return self._make_unpublished(observed, file)
        except SourceChanged:  # once more: what is there now
            now = observe_source(self.asked.source_key, None, self.context)
            return self._make_unpublished(now, file)

    def _make_unpublished(self, observed: Observed, file: tuple[str, Slot]) -> Response:
        """Answer with a file of a source whose version the ledger does not have as published."""
        self._refuse(observed, file)
        with unpublished_place(self.context):
            rendered = self._render(observed, file)
        return self._content(rendered.content(), Answered.RENDERED, is_stored=False)

    def _make_and_store(
        self, entry: Entry, observed: Observed, file: tuple[str, Slot]
    ) -> Response:
        self._refuse(observed, file)

        def look() -> StoredFile | None:
            stored = self._look()
            if stored is None:
                raise_remembered(self.asked.stored_key, entry.version, self.context)
            return stored

        lock = lock_or_object(self.asked.stored_key, look, self.context)
        self.log.add_timing("lock")
        if isinstance(lock, StoredFile):
            return self._found(lock, has_waited=True)
        try:
            rendered = self._render(observed, file)
            is_stored = self._store(entry, rendered, file)
        finally:
            end(lock, self.context)
        return self._content(rendered.content(), Answered.RENDERED, is_stored=is_stored)

    def _store(self, entry: Entry, rendered: Rendered, file: tuple[str, Slot]) -> bool:
        put = partial(
            self.context.objects.put_at_request,
            rendered.source,
            rendered.recipe.fingerprint,
            file,
            rendered.codec,
            rendered.data,
            is_lazy=self.asked.name not in entry.stored,
        )
        return store(self.asked, entry, put, self.context, self.log)

    def _refuse(self, observed: Observed, file: tuple[str, Slot]) -> None:
        """Raise why this file cannot be made of this source, as far as is known before a fetch."""
        source, recipe = observed.source, observed.resolved.recipe
        if file not in recipe.stored_names():
            raise Ended(missing(), Answered.MISSING)
        refuse_unfit(source, recipe, self.context.settings.limits)
        raise_remembered(self.asked.stored_key, _version(observed), self.context)

    def _render(self, observed: Observed, file: tuple[str, Slot]) -> Rendered:
        try:
            return render(observed.source, observed.resolved, file, self.context, self.log)
        except (Outside, OutOfTime, SourceChanged):
            raise  # not of the picture
        except Failure as failure:
            remember(self.asked.stored_key, _version(observed), failure, self.context)
            raise

    def _content(self, content: Content, answered: Answered, *, is_stored: bool) -> Response:
        """Answer with bytes; if they are too many, by the URL under which S3 has them."""
        self.log.answered = answered
        asked, most_bytes = self.asked, self.context.policy.max_body_bytes
        response = content_response(
            content, version=asked.version, if_none_match=asked.if_none_match
        )
        if response.status != OK or (content.data is not None and len(content.data) <= most_bytes):
            return response
        # With signed URLs a redirect would lead to a 403; S3 has the next request's answer.
        may_redirect = is_stored and not self.context.settings.signed_urls
        if not may_redirect or asked.file is None:
            self.log.answered = Answered.UNAVAILABLE
            return unavailable(Cause.ACCESS_DENIED if self.log.is_blind else Cause.TOO_MANY_BYTES)
        variant, slot = asked.file
        return redirected(
            public_url(asked.source_key, variant=variant, slot=slot, version=asked.version)
        )


def _version(observed: Observed) -> str:
    return version_token(observed.source, observed.resolved.recipe)


def _content(stored: StoredFile) -> Content:
    return Content(stored.data, stored.content_type, stored.metadata, stored.etag)
