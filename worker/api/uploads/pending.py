"""A multipart upload that has begun; its id says all that later calls must know.

So nothing about it is stored, and a client that keeps the id can go on after a restart.
"""

import msgspec

from shared.cloud.presigner import UploadTerms
from worker.api.calls import Call
from worker.api.keys import accepted_key
from worker.api.problems import ForgedCursor, NotFound
from worker.api.sealed import seal, unseal

# A lifecycle rule of the sources bucket aborts uploads after a day.
UPLOAD_SECONDS = 86_400


class PendingUpload(msgspec.Struct, frozen=True):
    """The terms of an upload and S3's id of it; `until` in seconds since the epoch."""

    key: str
    bytes: int
    s3_id: str
    if_absent: bool
    owner: str
    until: float

    @classmethod
    def begun(cls, terms: UploadTerms, s3_id: str, now: float) -> "PendingUpload":
        """Return the upload that has just begun."""
        return cls(
            terms.key, terms.bytes, s3_id, terms.if_absent, terms.owner, now + UPLOAD_SECONDS
        )


def new_upload_id(call: Call, upload: PendingUpload) -> str:
    """Return the id that the client gets."""
    return seal(upload, call.context.shared.signing_key)


def pending_upload(call: Call, upload_id: str) -> PendingUpload:
    """Return the upload of an id; a `Problem` if this stack did not issue it to this caller."""
    try:
        upload = unseal(upload_id, PendingUpload, call.context.shared.signing_key)
    except ForgedCursor:
        raise NotFound("Use an upload_id as this service returned it.") from None
    call.note(key=upload.key)
    accepted_key(upload.key, call.caller.prefix)
    if upload.owner != call.caller.owner or upload.until < call.context.clock.now():
        raise NotFound("Begin a new upload: this one has expired or is another caller's.")
    return upload
