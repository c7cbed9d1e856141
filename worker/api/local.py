"""The API under uvicorn, for a laptop or a container: `python -m worker.api.local`.

It answers as behind API Gateway, and verifies the tokens itself.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jwt
import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from shared.model.errors import Misconfigured, PixfleetError
from shared.settings import SettingsReader
from shared.telemetry.logging import configure_logging
from worker.api.app import build_app
from worker.api.context import build_api_context
from worker.api.settings import URL_WITH_PATH, read_api_settings
from worker.api.tokens import VerifiedIdentities

JWKS_SECONDS = 5
# As Terraform accepts them in `api.cors.origins`.
ORIGINS = re.compile(r"\*|https?://[a-z0-9.-]+(:[0-9]+)?(,https?://[a-z0-9.-]+(:[0-9]+)?)*")
EXPECTED = "origins without a path, separated by commas, such as http://localhost:8000; or `*`"


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Where the server listens, and whose tokens it accepts."""

    host: str
    port: int
    issuer: str
    jwks_url: str
    audiences: tuple[str, ...]
    origins: tuple[str, ...] = ()


def read_local_settings(environment: Mapping[str, str] = os.environ) -> LocalSettings:
    """Return the settings; `Misconfigured` with every problem if there are any."""
    reader = SettingsReader(environment)
    issuer = reader.text("API_ISSUER")
    settings = LocalSettings(
        host=reader.text("API_HOST", default="127.0.0.1"),
        port=reader.whole("API_PORT", 8080, low=1, high=65_535),
        issuer=issuer,
        jwks_url=reader.form("API_JWKS_URL", URL_WITH_PATH, "a URL, https://…")
        or f"{issuer.rstrip('/')}/.well-known/jwks.json",
        audiences=tuple(filter(None, reader.text("API_AUDIENCES").split(","))),
        origins=tuple(filter(None, reader.form("API_ORIGINS", ORIGINS, EXPECTED).split(","))),
    )
    if reader.problems:
        raise Misconfigured("The environment cannot be used", reader.problems)
    return settings


def open_to(origins: Sequence[str], app: ASGIApp) -> ASGIApp:
    """Let pages of these origins call the application, as the gateway of Terraform lets them."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("DELETE", "GET", "POST"),
        allow_headers=("authorization", "content-type", "if-none-match"),
        expose_headers=("etag", "location", "retry-after"),
        max_age=3600,
    )


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 2 if the environment cannot be used."""
    try:
        settings, local = read_api_settings(), read_local_settings()
        configure_logging(settings.log_format, fleet=settings.fleet)
        keys = jwt.PyJWKClient(local.jwks_url, timeout=JWKS_SECONDS)
        identities = VerifiedIdentities(keys, local.issuer, local.audiences)
        app = open_to(local.origins, build_app(build_api_context(settings), identities))
    except PixfleetError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the person who started it reads this
        return 2
    # Without an access log: a path may be a key, and our own line says more.
    uvicorn.run(app, host=local.host, port=local.port, access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
