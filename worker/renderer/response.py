"""Builds responses, with the headers that S3 would send for the same object."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.cloud.stored_objects import VERSION
from shared.model import cache_control
from shared.model.errors import Failure

# An object that is made or found here is asked for again after this time: S3 has it by then.
EDGE_SECONDS = 60
# A page may ask for a picture before its upload has ended.
MISSING_SECONDS = 5
RETRY_SECONDS = 5
CAUSE = "x-pixfleet-cause"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
METADATA = "x-amz-meta-"
OK, FOUND, NOT_MODIFIED = 200, 302, 304
NOT_FOUND, NOT_ALLOWED, UNAVAILABLE = 404, 405, 503


@dataclass(frozen=True, slots=True)
class Response:
    """A response; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def with_header(self, name: str, value: str) -> "Response":
        """Return the same response with one more header."""
        return replace(self, headers={**self.headers, name: value})

    def function_url(self, *, is_head: bool) -> dict[str, Any]:
        """Return the response in the form that Lambda expects.

        https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
        """
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": "" if is_head else b64encode(self.body).decode(),
            "isBase64Encoded": not is_head,
        }


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of an object, and what S3 says of it; `etag` is without quotes.

    `data` is None for an object that was too large to be read.
    """

    data: bytes | None
    content_type: str
    metadata: Mapping[str, str]
    etag: str

    @classmethod
    def rendered(cls, data: bytes, content_type: str, metadata: Mapping[str, str]) -> "Content":
        """Return new bytes, with the ETag that S3 gives to a PUT of them: the MD5.

        S3 gives another one under SSE-KMS, so that a revalidation is answered by the whole object:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return cls(data, content_type, metadata, digest)


def content_response(content: Content, *, version: str, if_none_match: str) -> Response:
    """Return 200 with the bytes, or 304 if the cache that asks has them already.

    `version` is that of the URL. Browsers keep the object for ever only if it is the object's;
    behind CloudFront, the viewer response function decides the same once more.
    """
    headers = {
        "etag": f'"{content.etag}"',
        "cache-control": _cache_control(content, version),
        **{f"{METADATA}{name}": value for name, value in content.metadata.items()},
    }
    if _matches(if_none_match, headers["etag"]):
        return Response(NOT_MODIFIED, headers)
    return Response(OK, {"content-type": content.content_type, **headers}, content.data or b"")


def missing(cause: str = "") -> Response:
    """Return 404, with the cause if the source is rejected."""
    headers = {"cache-control": f"public, max-age={MISSING_SECONDS}"}
    return Response(NOT_FOUND, {**headers, **({CAUSE: cause} if cause else {})})


def not_allowed() -> Response:
    """Return 405."""
    return Response(NOT_ALLOWED, {"allow": "GET, HEAD", "cache-control": "no-store"})


def unavailable(cause: str) -> Response:
    """Return 503: the object may be there in a few seconds."""
    return Response(
        UNAVAILABLE,
        {"cache-control": "no-store", "retry-after": str(RETRY_SECONDS), CAUSE: cause},
    )


def redirected(url: str) -> Response:
    """Return 302, to an object that S3 has by now."""
    return Response(FOUND, {"location": url, "cache-control": "no-store"})


def refused(failure: Failure) -> Response:
    """Return 404 for what will fail again, and 503 for what may succeed later."""
    cause = failure.cause.value
    return missing(cause) if failure.is_permanent else unavailable(cause)


def _cache_control(content: Content, version: str) -> str:
    if content.metadata.get(VERSION) and content.metadata[VERSION] == version:
        browsers = f"max-age={cache_control.YEAR_SECONDS}, immutable"
    else:
        browsers = f"max-age={EDGE_SECONDS}"
    return f"public, {browsers}, s-maxage={EDGE_SECONDS}"


def _matches(if_none_match: str, etag: str) -> bool:
    """Return whether one of the ETags is this one; a weak one counts.

    https://www.rfc-editor.org/rfc/rfc9110#field.if-none-match
    """
    named = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in named or etag in named
