"""GET /v1/images: the sources under a prefix, with what became of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.source import Listed
from worker.api.addresses import image_path
from worker.api.calls import Call, Reply
from worker.api.fields import Key, Time, time_or_unset
from worker.api.images.record import ImageStatus
from worker.api.keys import accepted_prefix, is_accepted
from worker.api.problems import ForgedCursor
from worker.api.sealed import seal, unseal

MAX_PAGE = 100  # DynamoDB's BatchGetItem reads a hundred items
DEFAULT_PAGE = 50


class WhichImages(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which images are listed."""

    prefix: Annotated[
        str,
        msgspec.Meta(max_length=1024, description="What their keys begin with."),
    ] = ""
    status: Annotated[
        ImageStatus | UnsetType,
        msgspec.Meta(
            description="Only images with this status. A page may then be short or empty and "
            "still have a cursor."
        ),
    ] = UNSET
    cursor: Annotated[
        str | UnsetType,
        msgspec.Meta(description="The cursor of the page before, unchanged."),
    ] = UNSET
    limit: Annotated[
        int, msgspec.Meta(ge=1, le=MAX_PAGE, description="How many sources are looked at.")
    ] = DEFAULT_PAGE


class ListedImage(msgspec.Struct, kw_only=True):
    """One image of a list."""

    key: Key
    status: ImageStatus
    bytes: int
    image: Annotated[str, msgspec.Meta(description="The path and query of the image's status.")]
    variant_bytes: int | UnsetType = UNSET
    updated_at: Time | UnsetType = UNSET
    cause: str | UnsetType = UNSET


class Images(msgspec.Struct, kw_only=True):
    """A page of a list."""

    images: Sequence[ListedImage]
    cursor: Annotated[
        str | UnsetType, msgspec.Meta(description="Where the next page begins, if there is one.")
    ] = UNSET


class Cursor(msgspec.Struct, frozen=True):
    """Where a page ended, and of which list it was."""

    prefix: str
    after: str


def list_images(call: Call, *, query: WhichImages) -> Reply:
    """List images by key, with their status.

    The order is that of S3: by the bytes of the key. A cursor belongs to its prefix.
    """
    prefix = accepted_prefix(query.prefix, call.caller.prefix)
    call.note(prefix=prefix)
    after = _after(call, prefix, query.cursor)
    page = call.context.sources.list(prefix, after=after, most=query.limit)
    shown = [each for each in page.sources if is_accepted(each.key)]
    entries = _entries(call, shown)
    images = [
        image
        for image in _listed(shown, entries)
        if query.status is UNSET or image.status is query.status
    ]
    is_last = page.is_last or not page.sources
    cursor = UNSET if is_last else _cursor(call, prefix, page.sources[-1].key)
    return Reply(Images(images=images, cursor=cursor))


def _after(call: Call, prefix: str, text: str | UnsetType) -> str:
    if text is UNSET:
        return ""
    cursor = unseal(text, Cursor, call.context.shared.signing_key)
    if cursor.prefix != prefix:
        raise ForgedCursor("Use a cursor with the prefix of its list.")
    return cursor.after


def _cursor(call: Call, prefix: str, after: str) -> str:
    return seal(Cursor(prefix, after), call.context.shared.signing_key)


def _entries(call: Call, sources: Sequence[Listed]) -> Mapping[str, Entry]:
    keys = [each.key for each in sources]
    # Half the price, and a list is a second old anyway when it arrives.
    return call.context.ledger_reader.entries(keys, consistent=False)


def _listed(sources: Sequence[Listed], entries: Mapping[str, Entry]) -> Iterator[ListedImage]:
    for source in sources:
        entry = entries[source.key]
        status = _status(source, entry)
        image = ListedImage(
            key=source.key, status=status, bytes=source.size_bytes, image=image_path(source.key)
        )
        if status is not ImageStatus.PENDING:
            image.updated_at = time_or_unset(entry.updated_at)
        if status is ImageStatus.READY:
            image.variant_bytes = entry.variant_bytes
        if status is ImageStatus.REJECTED:
            image.cause = entry.cause
        yield image


def _status(source: Listed, entry: Entry) -> ImageStatus:
    """Return the status as far as a listing shows the source, which is without its metadata."""
    if source.etag != entry.etag:
        return ImageStatus.PENDING
    if entry.status == PUBLISHED:
        return ImageStatus.READY
    is_same_upload = source.last_modified == entry.last_modified
    is_rejected = entry.status == REJECTED and is_same_upload
    return ImageStatus.REJECTED if is_rejected else ImageStatus.PENDING
