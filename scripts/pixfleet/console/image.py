"""The page of one key, and the pictures that all pages show."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from scripts.pixfleet.console.pictures import WIDTHS, Busy, NoPicture, Picture
from scripts.pixfleet.console.site import problem_lines, site_of
from scripts.pixfleet.image.answer import read_answer
from scripts.pixfleet.image.history_view import ledger_facts, stored_cells, version_cells
from scripts.pixfleet.image.variants import base_url
from scripts.pixfleet.terminal.times import DAY
from shared.model.entry import Entry
from shared.model.errors import Misconfigured, PixfleetError
from shared.model.recipe import Slot

LOG_DAYS = 7
NOT_FOUND, BUSY = 404, 503
# A picture of the page: its bytes can do nothing but be shown.
PICTURE_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "private, max-age=60",
    "content-disposition": "inline",
}


def image(request: Request) -> Response:
    """Return the page of one key; the answer is loaded after it."""
    return site_of(request).page("image.html", request, {"key": _key(request)})


def answer(request: Request) -> Response:
    """Return what explains a key: the answer first, then all that S3 and the ledger hold."""
    site, key = site_of(request), _key(request)

    def read() -> dict[str, object]:
        now = site.clock.now()
        found = read_answer(site.stack, site.clients, key, now=now, log_since=now - LOG_DAYS * DAY)
        history, manifest = found.history, found.history.manifest
        return {
            "key": key,
            "answer": found,
            "ledger": ledger_facts(history.entry) if isinstance(history.entry, Entry) else {},
            "versions": [version_cells(each) for each in history.versions],
            "stored": stored_cells(history),
            "widest": max(manifest.variants, key=lambda each: each.width) if manifest else None,
            "manifest": manifest,
            "base": base_url(site.stack.distribution),
        }

    return site.part("image_answer.html", request, read)


def source(request: Request) -> Response:
    """Return a source as the render child shows it."""
    width = int(request.path_params["width"])
    if width not in WIDTHS:
        raise Misconfigured(
            "There is no such picture", [f"expected a width of {WIDTHS}, got {width}"]
        )
    return _picture(request, lambda key: site_of(request).pictures.source(key, width))


def variant(request: Request) -> Response:
    """Return a variant as it is stored."""
    name, slot = request.path_params["name"], request.path_params["slot"]
    if slot not in tuple(Slot):
        raise Misconfigured("There is no such variant", [f"expected a slot, got {slot!r}"])
    return _picture(request, lambda key: site_of(request).pictures.variant(key, name, Slot(slot)))


def small(request: Request) -> Response:
    """Return the narrowest variant of a key."""
    return _picture(request, site_of(request).pictures.smallest)


def image_path(key: str) -> str:
    """Return the path of the page of a key."""
    return f"/image?key={quote(key, safe='')}"


def _picture(request: Request, read: Callable[[str], Picture]) -> Response:
    try:
        picture = read(_key(request))
    except Busy as error:
        return Response(str(error), BUSY, {"retry-after": "3"}, media_type="text/plain")
    except (NoPicture, PixfleetError) as error:
        return Response(" ".join(problem_lines(error)), NOT_FOUND, media_type="text/plain")
    return Response(picture.data, headers=PICTURE_HEADERS, media_type=picture.type)


def _key(request: Request) -> str:
    key = request.query_params.get("key", "")
    if not key:
        raise Misconfigured("There is no key", ["expected the key of a source, such as cat.jpg"])
    return key
