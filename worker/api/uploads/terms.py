"""What a new upload asks for, and whether it may have it."""

from base64 import b64encode
from enum import StrEnum
from typing import Annotated

import msgspec

from shared.cloud.presigner import UploadTerms
from shared.model.limits import MEBIBYTE
from worker.api.calls import Call
from worker.api.fields import Key
from worker.api.keys import accepted_key
from worker.api.problems import AlreadyExists, BadRequest, NoRecipe, TooLarge, UnsupportedType

# The formats that render children decode. A browser runs scripts of HTML and SVG, so a client may
# not choose its Content-Type freely: a site that reads the bucket would serve it.
TYPES = (
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
)
# Above it a lost connection costs too much: parts are repeated alone.
MAX_SINGLE_BYTES = 100 * MEBIBYTE


class Method(StrEnum):
    """How a file is sent to S3."""

    POST = "POST"
    PUT = "PUT"
    MULTIPART = "MULTIPART"


Sha256 = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9a-fA-F]{64}$",
        max_length=64,
        description="The file's SHA-256 in hexadecimal: S3 refuses others. Not for MULTIPART.",
    ),
]


class NewUpload(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A file that a client wants to upload."""

    key: Key
    bytes: Annotated[
        int, msgspec.Meta(ge=1, description="The length of the file; S3 accepts no more.")
    ]
    type: Annotated[
        str,
        msgspec.Meta(
            description="The Content-Type that the source is stored with.",
            extra_json_schema={"enum": list(TYPES)},
        ),
    ]
    sha256: Sha256 | None = None
    if_absent: Annotated[
        bool,
        msgspec.Meta(
            description="Refuse the upload if a source of this key exists. Not for POST."
        ),
    ] = False
    method: Annotated[
        Method | None,
        msgspec.Meta(
            description="POST sends a form, PUT the file alone, MULTIPART parts of it. Without it "
            "POST is chosen; PUT with `if_absent`; MULTIPART above 100 MiB."
        ),
    ] = None


def accepted_terms(call: Call, wanted: NewUpload) -> tuple[Method, UploadTerms]:
    """Return what may be signed; a `Problem` that says what to change if nothing may."""
    key = accepted_key(wanted.key, call.caller.prefix)
    call.note(key=key, bytes=wanted.bytes)
    require_type(wanted.type)
    most = call.context.settings.max_bytes
    if wanted.bytes > most:
        raise TooLarge(f"Upload a file of at most {most} bytes.")
    require_recipe(call, key)
    method = _method(wanted)
    if wanted.if_absent and call.context.sources.describe(key):
        raise AlreadyExists("Choose another key, or leave out if_absent to replace the image.")
    return method, UploadTerms(
        key=key,
        bytes=wanted.bytes,
        content_type=wanted.type,
        owner=call.caller.owner,
        sha256=_base64(wanted.sha256),
        if_absent=wanted.if_absent,
    )


def require_type(content_type: str) -> None:
    """Raise `UnsupportedType` for a type that is not in the list."""
    if content_type not in TYPES:
        raise UnsupportedType(f"Use one of {', '.join(TYPES)}.")


def require_recipe(call: Call, key: str) -> None:
    """Raise `NoRecipe` if no recipe matches: nothing would ever become of the source."""
    if not has_recipe(call, key):
        raise NoRecipe("Choose a key that a recipe of this stack matches, by folder and suffix.")


def has_recipe(call: Call, key: str) -> bool:
    """Return whether a recipe of the stack matches the key."""
    return call.context.shared.recipes.matching(key) is not None


def _method(wanted: NewUpload) -> Method:
    method = wanted.method or _default_method(wanted)
    if method is Method.POST and wanted.if_absent:
        raise BadRequest("Use the method PUT with if_absent: S3 cannot check it for a form.")
    if method is Method.MULTIPART and wanted.sha256:
        raise BadRequest("Leave out sha256: S3 cannot check that of a file in parts.")
    if method is not Method.MULTIPART and wanted.bytes > MAX_SINGLE_BYTES:
        raise TooLarge(f"Use the method MULTIPART above {MAX_SINGLE_BYTES} bytes.")
    return method


def _default_method(wanted: NewUpload) -> Method:
    if wanted.bytes > MAX_SINGLE_BYTES:
        return Method.MULTIPART
    return Method.PUT if wanted.if_absent else Method.POST


def _base64(sha256: str | None) -> str:
    if sha256 is None:
        return ""
    return b64encode(bytes.fromhex(sha256)).decode()
