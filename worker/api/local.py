"""The API under uvicorn, for a laptop or a container: `python -m worker.api.local`.

It answers as behind API Gateway, and verifies the tokens itself.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
import uvicorn

from shared.model.errors import Misconfigured, PixfleetError
from shared.settings import SettingsReader
from shared.telemetry.logging import configure_logging
from worker.api.app import build_app
from worker.api.context import build_api_context
from worker.api.settings import URL_WITH_PATH, read_api_settings
from worker.api.tokens import VerifiedIdentities

JWKS_SECONDS = 5


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Where the server listens, and whose tokens it accepts."""

    host: str
    port: int
    issuer: str
    jwks_url: str
    audiences: tuple[str, ...]


def read_local_settings(environment: Mapping[str, str] = os.environ) -> LocalSettings:
    """Return the settings; `Misconfigured` with every problem if there are any."""
    reader = SettingsReader(environment)
    expected = "a URL, https://…"
    issuer = reader.text("API_ISSUER")
    settings = LocalSettings(
        host=reader.text("API_HOST", default="127.0.0.1"),
        port=reader.whole("API_PORT", 8080, low=1, high=65_535),
        issuer=issuer,
        jwks_url=reader.form("API_JWKS_URL", URL_WITH_PATH, expected)
        or f"{issuer.rstrip('/')}/.well-known/jwks.json",
        audiences=tuple(filter(None, reader.text("API_AUDIENCES").split(","))),
    )
    if reader.problems:
        raise Misconfigured("The environment cannot be used", reader.problems)
    return settings


def main() -> int:
    """Serve until SIGTERM or SIGINT; return 2 if the environment cannot be used."""
    try:
        settings, local = read_api_settings(), read_local_settings()
        configure_logging(settings.log_format, fleet=settings.fleet)
        keys = jwt.PyJWKClient(local.jwks_url, timeout=JWKS_SECONDS)
        identities = VerifiedIdentities(keys, local.issuer, local.audiences)
        app = build_app(build_api_context(settings), identities)
    except PixfleetError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the person who started it reads this
        return 2
    # Without an access log: a path may be a key, and our own line says more.
    uvicorn.run(app, host=local.host, port=local.port, access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
