"""Verifies tokens where no gateway does: for `worker.api.local`, never on Lambda.

The rules are those of API Gateway's JWT authorizer:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import jwt
from starlette.requests import Request

from worker.api.callers import SIGN_IN
from worker.api.problems import Unauthenticated, Unavailable

# API Gateway accepts RSA only. Without a list, a token could choose `none`, or take the public key
# for a secret.
ALGORITHMS = ("RS256", "RS384", "RS512")
LEEWAY_SECONDS = 0
SCHEME = "bearer"


class Keys(Protocol):
    """The public keys of an issuer."""

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """Return the key that a token names; `jwt.PyJWTError` if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class VerifiedIdentities:
    """Takes the claims of a token in the header Authorization, once they are verified."""

    keys: Keys
    issuer: str
    audiences: Sequence[str]

    def claims(self, request: Request) -> Mapping[str, object]:
        """Return the claims; `Unauthenticated` if the token is missing, expired or another's.

        `Unavailable` if the issuer does not answer with its keys.
        """
        token = _token(request)
        try:
            claims: Mapping[str, object] = jwt.decode(
                token,
                self.keys.get_signing_key_from_jwt(token),
                algorithms=ALGORITHMS,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                # Cognito's access tokens have `client_id` instead of `aud`, as the gateway knows.
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise Unavailable("Repeat the request after a few seconds.") from error
        except jwt.PyJWTError as error:
            raise Unauthenticated(SIGN_IN) from error
        if not self._is_for_us(claims):
            raise Unauthenticated(SIGN_IN)
        return claims

    def _is_for_us(self, claims: Mapping[str, object]) -> bool:
        """Return whether `aud`, or `client_id` without one, is one of the audiences."""
        named = claims.get("aud", claims.get("client_id"))
        given = named if isinstance(named, list) else [named]
        return bool({each for each in given if isinstance(each, str)} & {*self.audiences})


def _token(request: Request) -> str:
    """Return the token; `Unauthenticated` without one, or with two, of which another may count."""
    headers = request.headers.getlist("authorization")
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != SCHEME:
        raise Unauthenticated(SIGN_IN)
    return token
