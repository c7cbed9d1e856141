"""The gallery: what was published last, by prefix."""

from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from scripts.pixfleet.console.site import Site, site_of
from shared.cloud.status_index import StatusEntry, StatusIndex
from shared.model.entry import PUBLISHED

SHOWN = 48
# The index has no order by key: this many of the newest entries are looked at.
MOST_READ = 20_000
PAGE_ENTRIES = 100


def gallery(request: Request) -> Response:
    """Return the page; its pictures are loaded after it."""
    prefix = request.query_params.get("prefix", "")
    return site_of(request).page("gallery.html", request, {"prefix": prefix})


def pictures(request: Request) -> Response:
    """Return the newest published pictures whose keys begin with the prefix."""
    site, prefix = site_of(request), request.query_params.get("prefix", "")

    def read() -> dict[str, object]:
        found, count = _newest(site, prefix)
        return {"entries": found, "prefix": prefix, "is_cut": count >= MOST_READ, "read": count}

    return site.part("gallery_pictures.html", request, read)


def _newest(site: Site, prefix: str) -> tuple[list[StatusEntry], int]:
    stack, clients = site.stack, site.clients
    index = StatusIndex(clients.dynamodb, clients.calls, stack.ledger_table, stack.status_index)
    found: list[StatusEntry] = []
    count = 0
    for entry in islice(index.newest_first(PUBLISHED, page_size=PAGE_ENTRIES), MOST_READ):
        count += 1
        if entry.key.startswith(prefix):
            found.append(entry)
        if len(found) == SHOWN:
            break
    return found, count
