"""What S3 checks of a request to read, write or copy an object."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.simulator.refusals import refusal

MAX_METADATA_BYTES = 2048
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
MAX_TAGS = 10


def etag_of(body: bytes) -> str:
    """Return the quoted MD5 of an object's bytes."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def matches(condition: str, etag: str) -> bool:
    """Return whether an ETag meets a condition, with or without quotes."""
    return condition == "*" or condition.strip('"') == etag.strip('"')


def check_write(etag: str | None, if_match: str | None, if_none_match: str | None) -> None:
    """Refuse as S3 does: it supports one condition at a time, and one form of each.

    `etag` is that of the current object; None if there is none.
    """
    if if_match is None and if_none_match is None:
        return
    if (if_match and if_none_match) or if_match == "*" or if_none_match not in (None, "*"):
        message = "A header you provided implies functionality that is not implemented"
        raise refusal("PutObject", "NotImplemented", 501, message)
    if if_none_match and etag is not None:
        raise precondition_failed("PutObject", "If-None-Match")
    if if_match:
        if etag is None:
            raise no_such_key("PutObject")
        if not matches(if_match, etag):
            raise precondition_failed("PutObject", "If-Match")


def headers_of(
    content_type: str, cache_control: str, metadata: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return the headers with which S3 answers for an object, by boto3's names."""
    headers: dict[str, Any] = {
        "ContentType": content_type,
        "Metadata": _metadata("PutObject", metadata),
    }
    if cache_control:
        headers["CacheControl"] = cache_control
    return headers


def tags_of(operation: str, tagging: str) -> dict[str, str]:
    """Return the tags of the header `x-amz-tagging`, which has the form of a query."""
    tags = dict(parse_qsl(tagging, keep_blank_values=True))
    if len(tags) > MAX_TAGS:
        message = "Object tags cannot be greater than 10"
        raise refusal(operation, "BadRequest", 400, message)
    return tags


def no_such_key(operation: str) -> Exception:
    """Return the refusal for a missing object."""
    return refusal(operation, "NoSuchKey", 404, "The specified key does not exist.")


def precondition_failed(operation: str, condition: str) -> Exception:
    """Return the refusal for a condition that was not met."""
    message = "At least one of the pre-conditions you specified did not hold"
    return refusal(operation, "PreconditionFailed", 412, message, Condition=condition)


def _metadata(operation: str, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return user metadata as S3 returns it: its names are headers, in lower case."""
    if not metadata:
        return {}
    kept = {name.lower(): value for name, value in metadata.items()}
    if sum(len(name) + len(value) for name, value in kept.items()) > MAX_METADATA_BYTES:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise refusal(operation, "MetadataTooLarge", 400, message)
    return kept
