"""POST /v1/uploads: signs the upload of one file."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from shared.cloud.presigner import UploadTerms
from worker.api.addresses import image_path, upload_path
from worker.api.calls import Call, Reply
from worker.api.fields import Key, Time, time_of
from worker.api.uploads.parts import PART_BYTES, part_count
from worker.api.uploads.pending import PendingUpload, new_upload_id
from worker.api.uploads.terms import Method, NewUpload, accepted_terms

SIGNED_SECONDS = 15 * 60


class SignedUpload(msgspec.Struct, kw_only=True):
    """Where and how to send a file. Uppy's S3 plug-in takes it as it is."""

    key: Key
    method: Method
    image: Annotated[str, msgspec.Meta(description="The path and query of the image's status.")]
    expires_at: Time
    url: Annotated[
        str | UnsetType, msgspec.Meta(description="For POST and PUT: where to send the file.")
    ] = UNSET
    fields: Annotated[
        Mapping[str, str] | UnsetType,
        msgspec.Meta(description="For POST: the fields of the form, before the field `file`."),
    ] = UNSET
    headers: Annotated[
        Mapping[str, str] | UnsetType,
        msgspec.Meta(description="For PUT: headers that were signed and must be sent."),
    ] = UNSET
    upload_id: Annotated[
        str | UnsetType, msgspec.Meta(description="For MULTIPART: the id of the upload.")
    ] = UNSET
    part_bytes: Annotated[
        int | UnsetType,
        msgspec.Meta(description="For MULTIPART: the length of every part but the last."),
    ] = UNSET
    parts: Annotated[
        int | UnsetType, msgspec.Meta(description="For MULTIPART: how many parts there are.")
    ] = UNSET


def create_upload(call: Call, *, body: NewUpload) -> Reply:
    """Sign the upload of one file.

    Key, type, length, checksum and owner are part of the signature, so S3 refuses any other file.
    The signature is valid for 15 minutes, a multipart upload for a day. Nothing is stored before
    the file arrives.
    """
    method, terms = accepted_terms(call, body)
    if method is Method.MULTIPART:
        return _begin(call, terms)
    signed = SignedUpload(
        key=terms.key,
        method=method,
        image=image_path(terms.key),
        expires_at=time_of(call.context.clock.now() + SIGNED_SECONDS),
    )
    presigner = call.context.presigner
    if method is Method.POST:
        form = presigner.form(terms, seconds=SIGNED_SECONDS)
        signed.url, signed.fields = form.url, form.fields
    else:
        request = presigner.put(terms, seconds=SIGNED_SECONDS)
        signed.url, signed.headers = request.url, request.headers
    return Reply(signed, 201)


def _begin(call: Call, terms: UploadTerms) -> Reply:
    s3_id = call.context.multipart_uploads.create(
        terms.key, content_type=terms.content_type, owner=terms.owner
    )
    pending = PendingUpload.begun(terms, s3_id, call.context.clock.now())
    upload_id = new_upload_id(call, pending)
    signed = SignedUpload(
        key=terms.key,
        method=Method.MULTIPART,
        image=image_path(terms.key),
        expires_at=time_of(pending.until),
        upload_id=upload_id,
        part_bytes=PART_BYTES,
        parts=part_count(terms.bytes),
    )
    return Reply(signed, 201, {"Location": upload_path(upload_id)})
