"""The console as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from scripts.pixfleet.console import changes, dead_letters, gallery, image, now, upload
from scripts.pixfleet.console.forms import change
from scripts.pixfleet.console.guard import Guard
from scripts.pixfleet.console.site import Site, site_of
from shared.model.errors import PixfleetError

STATIC = Path(__file__).with_name("static")
CAUSE = "/failures/{cause}"
ROUTES = (
    Route("/", now.now),
    Route("/now/lanes", now.lanes),
    Route("/now/alarms", now.alarms),
    Route("/now/pace", now.pace),
    Route("/now/latest", now.latest),
    Route("/failures", dead_letters.failures),
    Route("/failures-by-cause", dead_letters.causes),
    Route(CAUSE, dead_letters.cause),
    Route(f"{CAUSE}/items", dead_letters.items),
    Route(f"{CAUSE}/trials", dead_letters.trials),
    Route(f"{CAUSE}/redrive", changes.redrive_form, methods=["GET"]),
    Route(f"{CAUSE}/redrive", change(changes.redrive), methods=["POST"]),
    Route(f"{CAUSE}/delete", changes.delete_form, methods=["GET"]),
    Route(f"{CAUSE}/delete", change(changes.delete), methods=["POST"]),
    Route("/redrives/{id}", changes.redrive_page),
    Route("/redrives/{id}/status", changes.redrive_status),
    Route("/image", image.image),
    Route("/image/answer", image.answer),
    Route("/source/{width:int}", image.source),
    Route("/variant/{name}/{slot}", image.variant),
    Route("/small", image.small),
    Route("/gallery", gallery.gallery),
    Route("/gallery/pictures", gallery.pictures),
    Route("/upload", upload.upload, methods=["GET"]),
    Route("/upload", upload.receive, methods=["POST"]),
    Route("/upload/outcome", upload.outcome),
    Mount("/static", StaticFiles(directory=STATIC)),
)


def build_app(site: Site, host: str) -> ASGIApp:
    """Return the application; `host` is the address that it is served at, with its port."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        site.close()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers=dict.fromkeys((PixfleetError, ClientError, BotoCoreError), _failed),
    )
    app.state.site = site
    return Guard(app, site.keys, host)


def _failed(request: Request, error: Exception) -> Response:
    return site_of(request).failed(request, error)
