"""GET /v1/images/{key} and /v1/image: what became of one image, at once or after a wait."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool

from shared.cloud.source_bucket import Upload
from shared.deadline import Deadline
from shared.model.entry import REJECTED, REMOVED, Entry
from shared.model.state import Reason, changed_since
from worker.api.addresses import image_path
from worker.api.calls import Call, Reply
from worker.api.fields import Key
from worker.api.images.advice import advice_for
from worker.api.images.record import (
    Image,
    ImageStatus,
    ready_record,
    record_of,
    rejected_record,
)
from worker.api.keys import accepted_key, accepted_key_of_path
from worker.api.problems import Gone, NoRecipe, NotFound, Rejected
from worker.api.uploads.terms import has_recipe

MAX_WAIT_SECONDS = 20
# A wait asks soon at first, because most images are ready in a second or two, and rarely later.
FIRST_PAUSE_SECONDS, GROWTH, LONGEST_PAUSE_SECONDS = 0.4, 1.5, 3.0
MAX_READS = 12
RETRY_SECONDS = 2
NOT_MODIFIED, PENDING, READY = 304, 202, 200


class Wait(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How a status is asked for by path."""

    wait: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait while the image is pending."
        ),
    ] = 0


class WhichImage(Wait, forbid_unknown_fields=True, kw_only=True):
    """How a status is asked for by query."""

    key: Key


@dataclass(frozen=True, slots=True)
class Seen:
    """A source and its ledger entry, read one after the other."""

    upload: Upload | None
    entry: Entry

    @property
    def is_decided(self) -> bool:
        """Return whether the entry is about this source, or there is no source."""
        return self.upload is None or _is_about(self.entry, self.upload)


async def get_image_by_key(call: Call, *, key: str, query: Wait) -> Reply:
    """Return what became of an image.

    The path is for keys without a percent sign; `/v1/image?key=` takes every key.
    """
    accepted_key_of_path(key, call.caller.prefix)
    return await _status(call, key, query.wait)


async def get_image(call: Call, *, query: WhichImage) -> Reply:
    """Return what became of an image.

    200 with its variants, 202 while a worker has not finished, 410 after a deletion, 422 with the
    cause and what to do if no variants can be made. With `wait` a pending image is answered as
    soon as it is not pending any more.
    """
    return await _status(call, query.key, query.wait)


async def _status(call: Call, key: str, wait_seconds: int) -> Reply:
    accepted_key(key, call.caller.prefix)
    call.note(key=key)
    seen = await run_in_threadpool(_see, call, key)
    until = Deadline.after(wait_seconds, call.context.clock)
    for pause in pauses(wait_seconds):
        left = until.remaining_seconds()
        if seen.is_decided or not left:
            break
        await call.context.sleep(min(pause, left))
        seen = await run_in_threadpool(_see_again, call, seen)
    return await run_in_threadpool(_reply, call, key, seen)


def pauses(wait_seconds: float) -> Iterator[float]:
    """Yield the pauses before further reads: `MAX_READS` reads at most, within the time."""
    left, pause = float(wait_seconds), FIRST_PAUSE_SECONDS
    for _ in range(MAX_READS - 1):
        if left <= 0:
            return
        yield min(pause, left)
        left -= pause
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)


def _see(call: Call, key: str) -> Seen:
    upload = call.context.sources.describe(key)
    return Seen(upload, call.context.ledger.read(key))


def _see_again(call: Call, seen: Seen) -> Seen:
    """Read the entry again; the source too once the entry is about another one."""
    if seen.upload is None:
        return seen
    key = seen.upload.source.key
    entry = call.context.ledger.read(key)
    if entry.updated_at != seen.entry.updated_at and not _is_about(entry, seen.upload):
        return Seen(call.context.sources.describe(key), entry)
    return Seen(seen.upload, entry)


def _is_about(entry: Entry, upload: Upload) -> bool:
    """Return whether an entry's status is that of this source.

    A new recipe or engine changes nothing: what is published is served until it is replaced.
    """
    if not entry.status or entry.status == REMOVED:
        return False
    source = upload.source
    if source.has_customer_key:  # S3 does not tell what the entry could be compared with
        return entry.status == REJECTED
    changed = changed_since(entry, source, entry.fingerprint)
    return changed in (None, Reason.RECIPE_CHANGED, Reason.ENGINE_CHANGED)


def _reply(call: Call, key: str, seen: Seen) -> Reply:
    upload, entry = seen.upload, seen.entry
    if upload is None:
        raise _absence(entry)
    if not seen.is_decided:
        return _pending(call, key, upload)
    if entry.status == REJECTED:
        raise _rejection(upload, entry)
    manifest = call.context.manifests.of(key)
    if manifest is None:  # deleted by hand, or by a worker that is replacing it
        return _pending(call, key, upload)
    record = ready_record(upload, entry, manifest, call.context.settings.delivery_url)
    return _with_etag(call, Reply(record, READY))


def _pending(call: Call, key: str, upload: Upload) -> Reply:
    if not has_recipe(call, key):
        raise NoRecipe("Upload it under a key that a recipe of this stack matches.")
    image: Image = record_of(upload, ImageStatus.PENDING)
    links = {"Retry-After": str(RETRY_SECONDS), "Location": image_path(key)}
    return Reply(image, PENDING, links)


def _absence(entry: Entry) -> Gone | NotFound:
    if entry.status:
        return Gone("Upload it again if you want it back: it was deleted.")
    return NotFound("Upload it first, or correct the key: there is no image of this key.")


def _rejection(upload: Upload, entry: Entry) -> Rejected:
    image = msgspec.to_builtins(rejected_record(upload, entry))
    return Rejected(advice_for(entry.cause), members={"cause": entry.cause, "image": image})


def _with_etag(call: Call, reply: Reply) -> Reply:
    etag = f'"{hashlib.sha256(reply.encoded()).hexdigest()[:32]}"'
    known = call.request.headers.get("if-none-match", "")
    headers = {"ETag": etag}
    # `*` matches whatever there is: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    if {etag, "*"} & {each.strip().removeprefix("W/") for each in known.split(",")}:
        return Reply(None, NOT_MODIFIED, headers)
    return Reply(reply.body, reply.status, headers)
