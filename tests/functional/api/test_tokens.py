"""The API under uvicorn verifies tokens itself, by the rules of the gateway."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from shared.model.errors import Misconfigured
from tests.functional.api.conftest import Api
from tests.support.issuer import AUDIENCE, ISSUER, KEY_ID, Issuer
from worker.api.app import build_app
from worker.api.local import read_local_settings
from worker.api.tokens import VerifiedIdentities

pytestmark = pytest.mark.functional


@pytest.fixture(name="issuer", scope="module")
def _issuer() -> Issuer:
    return Issuer()


@pytest.fixture(name="own")
def _own(api: Api, issuer: Issuer) -> TestClient:
    identities = VerifiedIdentities(issuer, ISSUER, (AUDIENCE, "another-client"))
    return TestClient(build_app(api.context, identities), raise_server_exceptions=False)


def status(own: TestClient, token: str, *, scheme: str = "Bearer") -> int:
    headers = {"Authorization": f"{scheme} {token}"}
    return own.get("/v1/images", headers=headers).status_code


def unsigned(issuer: Issuer, algorithm: str) -> str:
    """Return a token whose header names no algorithm, and that has no signature."""
    head = json.dumps({"alg": algorithm, "typ": "JWT", "kid": KEY_ID}).encode()
    first = base64.urlsafe_b64encode(head).decode().rstrip("=")
    return f"{first}.{issuer.token().split('.')[1]}."


def test_a_valid_token_is_accepted(own: TestClient, issuer: Issuer) -> None:
    assert status(own, issuer.token()) == 200
    assert status(own, issuer.token(), scheme="bearer") == 200
    assert status(own, issuer.token(aud=["x", AUDIENCE])) == 200
    assert status(own, issuer.token(aud=None, client_id="another-client")) == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": None, "client_id": "x"},
        {"aud": "another", "client_id": AUDIENCE},
        {"iss": "https://evil.example.com"},
        {"iss": None},
        {"iss": ISSUER + "/"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
def test_a_token_with_other_claims_is_refused(
    own: TestClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert status(own, issuer.token(**claims)) == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "RS256"])
def test_a_token_without_a_signature_is_refused(
    own: TestClient, issuer: Issuer, algorithm: str
) -> None:
    assert status(own, unsigned(issuer, algorithm)) == 401


def test_the_public_key_is_no_secret_to_sign_with(own: TestClient, issuer: Issuer) -> None:
    public = issuer.private_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # PyJWT itself refuses to sign with such a text, so the bytes are hashed by hand.
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"key-1"}').decode().rstrip("=")
    message = f"{head}.{issuer.token().split('.')[1]}"
    mac = hmac.new(pem, message.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(mac).decode().rstrip("=")

    assert status(own, f"{message}.{signature}") == 401


def test_another_issuers_key_is_refused(own: TestClient, issuer: Issuer) -> None:
    assert status(own, issuer.token(key=Issuer().private_key)) == 401
    assert status(own, issuer.token(key_id="key-2")) == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "%FF"])
def test_what_is_no_token_is_refused(own: TestClient, token: str) -> None:
    assert status(own, token) == 401


def test_a_token_in_another_place_is_refused(own: TestClient, issuer: Issuer) -> None:
    assert own.get("/v1/images").status_code == 401
    assert status(own, issuer.token(), scheme="Basic") == 401


def test_settings_of_the_local_server_report_every_problem() -> None:
    with pytest.raises(Misconfigured) as caught:
        read_local_settings({"PIXFLEET_API_PORT": "0", "PIXFLEET_API_JWKS_URL": "x"})

    assert len(caught.value.problems) == 4


def test_the_keys_are_where_the_issuer_says_by_default() -> None:
    settings = read_local_settings(
        {"PIXFLEET_API_ISSUER": f"{ISSUER}/", "PIXFLEET_API_AUDIENCES": "a,b"}
    )

    assert settings.jwks_url == f"{ISSUER}/.well-known/jwks.json"
    assert settings.audiences == ("a", "b")
