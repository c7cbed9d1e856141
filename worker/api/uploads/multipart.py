"""/v1/uploads/{upload_id}: the parts of a large file, its completion and its end without one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import msgspec

from shared.cloud.errors import ConditionRefused, Missing
from shared.cloud.multipart import Part
from worker.api.addresses import image_path
from worker.api.calls import Call, Reply
from worker.api.fields import Key, Time, time_of
from worker.api.problems import AlreadyExists, Incomplete, NotFound
from worker.api.uploads.parts import part_count, part_length
from worker.api.uploads.pending import UPLOAD_SECONDS, PendingUpload, pending_upload

PART_SECONDS = 15 * 60
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PartNumber = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class SignedPart(msgspec.Struct, kw_only=True):
    """Where to PUT one part, of exactly this length."""

    url: str
    method: str
    part_number: int
    bytes: int
    expires_at: Time


class ReceivedPart(msgspec.Struct, kw_only=True, rename="pascal"):
    """A part that S3 has, in the names of S3, which Uppy reads."""

    part_number: int
    size: int
    e_tag: Annotated[str, msgspec.Meta(description="The ETag, with its quotes.")] = msgspec.field(
        name="ETag"
    )


class Parts(msgspec.Struct, kw_only=True):
    """The parts of an upload that S3 has, and the numbers of those it lacks."""

    key: Key
    parts: Sequence[ReceivedPart]
    missing: Sequence[int]


class CompletedUpload(msgspec.Struct, kw_only=True):
    """A source that was stored from its parts."""

    key: Key
    bytes: int
    image: Annotated[str, msgspec.Meta(description="The path and query of the image's status.")]


def sign_part(call: Call, *, upload_id: str, part_number: PartNumber) -> Reply:
    """Sign the upload of one part.

    S3 accepts only the length that this part must have, so all parts together never exceed the
    length that the upload was announced with.
    """
    upload = pending_upload(call, upload_id)
    most = part_count(upload.bytes)
    if part_number > most:
        raise NotFound(f"Use a part number from 1 to {most}, which are all parts of this file.")
    length = part_length(upload.bytes, part_number)
    signed = call.context.presigner.part(
        upload.key, upload.s3_id, number=part_number, part_bytes=length, seconds=PART_SECONDS
    )
    expires_at = time_of(call.context.clock.now() + PART_SECONDS)
    part = SignedPart(
        url=signed.url, method="PUT", part_number=part_number, bytes=length, expires_at=expires_at
    )
    return Reply(part)


def list_parts(call: Call, *, upload_id: str) -> Reply:
    """List the parts that S3 has, and those that are missing, to go on after an interruption."""
    upload = pending_upload(call, upload_id)
    with _known_upload():
        found = call.context.multipart_uploads.parts(upload.key, upload.s3_id)
    parts = [
        ReceivedPart(part_number=each.number, size=each.bytes, e_tag=each.etag) for each in found
    ]
    return Reply(Parts(key=upload.key, parts=parts, missing=_missing(upload, found)))


def complete_upload(call: Call, *, upload_id: str) -> Reply:
    """Store the source from its parts, once all of them have arrived.

    The service asks S3 which parts there are, so the request has no body. A source that appeared
    meanwhile is not replaced if the upload was begun with `if_absent`. A repeated request is
    answered as the first.
    """
    upload = pending_upload(call, upload_id)
    try:
        _complete(call, upload)
    except NotFound:
        if not _is_stored(call, upload):
            raise
    done = CompletedUpload(key=upload.key, bytes=upload.bytes, image=image_path(upload.key))
    return Reply(done)


def _complete(call: Call, upload: PendingUpload) -> None:
    uploads = call.context.multipart_uploads
    with _known_upload():
        found = uploads.parts(upload.key, upload.s3_id)
        if missing := _missing(upload, found):
            numbers = ", ".join(map(str, missing[:10]))
            raise Incomplete(
                f"Upload the missing parts first: {numbers}.", members={"missing": missing}
            )
        try:
            uploads.complete(upload.key, upload.s3_id, found, if_absent=upload.if_absent)
        except ConditionRefused:
            raise AlreadyExists(
                "Abort this upload and choose another key: an image of this key has appeared."
            ) from None


def _is_stored(call: Call, upload: PendingUpload) -> bool:
    """Return whether the source is there that this upload was begun for.

    S3 gives objects that were uploaded in parts an ETag that tells so, with their number:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    found = call.context.sources.describe(upload.key)
    if found is None or found.owner != upload.owner:
        return False
    is_in_parts = found.source.etag.endswith(f"-{part_count(upload.bytes)}")
    is_later = found.uploaded_at >= upload.until - UPLOAD_SECONDS
    return is_in_parts and is_later and found.source.size_bytes == upload.bytes


def abort_upload(call: Call, *, upload_id: str) -> Reply:
    """Give the upload up, and delete its parts."""
    upload = pending_upload(call, upload_id)
    with _known_upload():
        call.context.multipart_uploads.abort(upload.key, upload.s3_id)
    return Reply(status=204)


def _missing(upload: PendingUpload, found: Sequence[Part]) -> list[int]:
    """Return the numbers of parts that are not there, or not of their length."""
    lengths = {each.number: each.bytes for each in found}
    return [
        number
        for number in range(1, part_count(upload.bytes) + 1)
        if lengths.get(number) != part_length(upload.bytes, number)
    ]


@contextmanager
def _known_upload() -> Iterator[None]:
    try:
        yield
    except Missing:
        raise NotFound(
            "Ask for the image's status, or begin a new upload: this one was completed or aborted."
        ) from None
