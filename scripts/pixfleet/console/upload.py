"""The page that files are dropped into, and what becomes of each."""

import tempfile
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scripts.pixfleet.backfill.upload import Store
from scripts.pixfleet.console.forms import refusal
from scripts.pixfleet.console.guard import CSRF_HEADER
from scripts.pixfleet.console.site import BAD_REQUEST, Site, problem_lines, site_of
from scripts.pixfleet.image.runbook import advice
from scripts.pixfleet.stack.access import AwsError
from shared.cloud.errors import ConditionRefused
from shared.cloud.ledger_reader import LedgerReader
from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.errors import Misconfigured, Permanent, PixfleetError
from shared.model.keys import refuse_unsupported
from shared.settings import read_settings

CONFLICT, TOO_LARGE = 409, 413
BAD_GATEWAY = 502


def upload(request: Request) -> Response:
    """Return the page."""
    site = site_of(request)
    limit = read_settings(site.stack.environment).limits.max_bytes
    return site.page("upload.html", request, {"max_bytes": limit})


async def receive(request: Request) -> Response:
    """Store the body of a request as the source of a key; scripts send one file a request.

    A source that exists is replaced only with `replace=1`: the page asks first. The answer is
    JSON, also that of a refusal: a script shows it.
    """
    try:
        return await _receive(request)
    except (PixfleetError, *AwsError) as error:
        status = BAD_REQUEST if isinstance(error, Misconfigured | Permanent) else BAD_GATEWAY
        return JSONResponse({"problem": " ".join(problem_lines(error))}, status)


async def _receive(request: Request) -> Response:
    site, key = site_of(request), request.query_params.get("key", "")
    if refused := refusal(request, request.headers.get(CSRF_HEADER, "")):
        return refused
    if not key:
        raise Misconfigured("Nothing was uploaded", ["expected the key of a source, got none"])
    refuse_unsupported(key)
    limit = read_settings(site.stack.environment).limits.max_bytes
    with tempfile.NamedTemporaryFile(prefix="pixfleet-") as file:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                said = f"The file is over the limit of {limit:,} bytes (PIXFLEET_MAX_BYTES)."
                return JSONResponse({"problem": said}, TOO_LARGE)
            file.write(chunk)
        if not size:
            raise Misconfigured("Nothing was uploaded", ["expected a file with content, got none"])
        file.flush()
        store = _replace if request.query_params.get("replace") == "1" else _add
        return await run_in_threadpool(store, site, key, Path(file.name))


def outcome(request: Request) -> Response:
    """Return what became of an upload, as JSON: published, rejected or pending."""
    site = site_of(request)
    key, etag = request.query_params.get("key", ""), request.query_params.get("etag", "")
    reader = LedgerReader(site.clients.dynamodb, site.clients.calls, site.stack.ledger_table)
    entry = reader.of([key])[key]
    if not isinstance(entry, Entry) or entry.etag.strip('"') != etag or entry.is_unfinished:
        return JSONResponse({"state": "pending"})
    if entry.status == PUBLISHED:
        return JSONResponse({"state": "published"})
    if entry.status == REJECTED:
        said = advice(entry.cause)
        return JSONResponse(
            {"state": "rejected", "cause": entry.cause, "detail": entry.detail, "do": said.do}
        )
    return JSONResponse({"state": "pending"})


def _add(site: Site, key: str, path: Path) -> Response:
    store = _store(site)
    try:
        store.put_new(key, path)
    except ConditionRefused:
        return JSONResponse({"exists": True, "is_same": store.has(key, path)}, CONFLICT)
    return _stored(site, key)


def _replace(site: Site, key: str, path: Path) -> Response:
    _store(site).put(key, path)
    return _stored(site, key)


def _store(site: Site) -> Store:
    return Store(site.clients.s3, site.clients.calls, site.stack.sources_bucket)


def _stored(site: Site, key: str) -> Response:
    head = site.clients.s3.head_object(Bucket=site.stack.sources_bucket, Key=key)
    return JSONResponse({"etag": head["ETag"].strip('"')})
