"""Who sends a request, and which keys they reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request

from shared.cloud.source_bucket import MAX_OWNER_CHARS, is_storable_owner
from worker.api.keys import is_accepted
from worker.api.problems import Forbidden, Unauthenticated
from worker.api.settings import ApiSettings

SIGN_IN = "Send a valid token in the header Authorization, as `Bearer <token>`."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: `owner` is stored with uploads, `prefix` bounds the keys."""

    owner: str
    prefix: str


class Identities(Protocol):
    """Finds out who sent a request."""

    def claims(self, request: Request) -> Mapping[str, object]:
        """Return the claims of a verified token; `Unauthenticated` without one."""
        ...


class GatewayIdentities:
    """Takes the claims that API Gateway has verified.

    They are in the event and never in a header, so no client can write them.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """

    def claims(self, request: Request) -> Mapping[str, object]:
        """Return the token's claims, or those of an IAM caller; `Unauthenticated` without both."""
        event: Mapping[str, Any] = request.scope.get("aws.event", {})  # JSON of API Gateway
        authorizer = (event.get("requestContext") or {}).get("authorizer") or {}
        if claims := (authorizer.get("jwt") or {}).get("claims"):
            return dict(claims)
        if identity := authorizer.get("iam"):
            return {"sub": identity.get("userArn", "")}
        raise Unauthenticated(SIGN_IN)


def caller_of(claims: Mapping[str, object], settings: ApiSettings) -> Caller:
    """Return the caller that claims describe; `Forbidden` if they lack what the stack requires."""
    owner = claims.get(settings.owner_claim)
    if not isinstance(owner, str) or not is_storable_owner(owner):
        raise Forbidden(
            f"Use a token whose claim {settings.owner_claim} is a text of 1 to {MAX_OWNER_CHARS} "
            "characters, percent-encoded."
        )
    if not settings.prefix_claim:
        return Caller(owner, settings.prefix)
    return Caller(owner, settings.prefix + _folder(claims, settings.prefix_claim))


def _folder(claims: Mapping[str, object], name: str) -> str:
    """Return the folder that a claim names, with one slash at its end.

    Without the slash, `ann` would also reach `anna/`.
    """
    value = claims.get(name)
    folder = f"{value.rstrip('/')}/" if isinstance(value, str) else "/"
    if folder.startswith("/") or not is_accepted(f"{folder}x"):
        raise Forbidden(f"Use a token whose claim {name} names a folder.")
    return folder
