"""Answers a viewer from a whole object: 304, a range of bytes, or the headers only.

Sources: RFC 9110, sections 13 and 14, and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html: an object in the
cache answers ranges, and on a miss CloudFront may ask the origin for more than the range.
This edge always asks for the whole object.
"""

import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from scripts.local.edge.messages import Request, Response

# What a tier does not send to the next one for an object that it caches.
CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since")
RANGES = ("range", "if-range")
# RFC 9110, section 15.4.5: a 304 has these headers of the 200, and others only if they guide the
# cache. S3's user metadata does not. MiniStack would add a Content-Length of 0, which is wrong
# (section 8.6); that of the object is right.
IN_NOT_MODIFIED = frozenset(
    (
        *("age", "cache-control", "content-length", "content-location", "date"),
        *("etag", "expires", "last-modified", "vary"),
    )
)
# CloudFront also answers several ranges; this edge then sends the whole object, as RFC 9110
# (section 14.2) allows.
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


def answer(whole: Response, request: Request) -> Response:
    """Return what a request gets of an object; errors, redirects and OPTIONS are whole."""
    if whole.status != HTTPStatus.OK or request.method == "OPTIONS":
        return _without_body(whole) if request.method == "HEAD" else whole
    if _is_unchanged(whole, request):
        kept = {name: value for name, value in whole.headers.items() if name in IN_NOT_MODIFIED}
        return Response(HTTPStatus.NOT_MODIFIED, kept)
    if request.method == "HEAD":
        return _without_body(whole)
    return _ranged(whole, request)


def _without_body(whole: Response) -> Response:
    return replace(whole, body=b"")


def _is_unchanged(whole: Response, request: Request) -> bool:
    if listed := request.header("if-none-match"):
        known = _opaque(whole.header("etag"))
        return listed.strip() == "*" or (bool(known) and known in map(_opaque, listed.split(",")))
    since, changed = (
        _time(request.header("if-modified-since")),
        _time(whole.header("last-modified")),
    )
    return since is not None and changed is not None and changed <= since


def _opaque(etag: str) -> str:
    """Return an ETag without its weakness: If-None-Match compares weakly."""
    return etag.strip().removeprefix("W/")


def _time(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _ranged(whole: Response, request: Request) -> Response:
    wanted = ONE_RANGE.fullmatch(request.header("range").strip())
    if not wanted or not any(wanted.groups()) or not _range_applies(whole, request):
        return whole
    size = len(whole.body)
    start, end = _bounds(wanted[1], wanted[2], size)
    if start >= min(end, size):
        # A last byte before the first one is an invalid range, which is ignored.
        if wanted[1] and wanted[2] and int(wanted[2]) < int(wanted[1]):
            return whole
        return Response(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"content-range": f"bytes */{size}"}
        )
    part = whole.body[start:end]
    headers = {
        "content-length": str(len(part)),
        "content-range": f"bytes {start}-{start + len(part) - 1}/{size}",
    }
    return replace(whole, status=HTTPStatus.PARTIAL_CONTENT, body=part).with_headers(headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first byte, and the one after the last."""
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    return int(first), int(last) + 1 if last else size


def _range_applies(whole: Response, request: Request) -> bool:
    """Return whether If-Range, which compares strongly, lets the range apply."""
    condition = request.header("if-range").strip()
    if not condition:
        return True
    if condition.endswith('"'):
        return condition == whole.header("etag") and not condition.startswith("W/")
    return condition == whole.header("last-modified")
