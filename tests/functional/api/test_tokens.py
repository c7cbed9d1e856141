"""The API under uvicorn verifies tokens itself, by the rules of the gateway."""

import base64
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from shared.model.errors import Misconfigured
from tests.functional.api.conftest import Api
from tests.support.issuer import AUDIENCE, ISSUER, KEY_ID, Issuer
from worker.api.app import build_app
from worker.api.local import read_local_settings
from worker.api.tokens import VerifiedIdentities

pytestmark = pytest.mark.functional

HEAD = b'{"alg":"RS256","kid":"key-1"}'
GOOD = json.dumps(
    {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann@example.com", "exp": 4_000_000_000}
).encode()
WRONG_ISSUER = GOOD.replace(f'"{ISSUER}"'.encode(), f'["{ISSUER}"]'.encode())


@pytest.fixture(name="issuer", scope="module")
def _issuer() -> Issuer:
    return Issuer()


@pytest.fixture(name="own")
def _own(api: Api, issuer: Issuer) -> TestClient:
    identities = VerifiedIdentities(issuer, ISSUER, (AUDIENCE, "another-client"))
    return TestClient(build_app(api.context, identities), raise_server_exceptions=False)


@pytest.fixture(name="real")
def _real(api: Api, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Return a client of an API that finds keys as `worker.api.local` does."""
    keys = jwt.PyJWKClient(f"{ISSUER}/keys")
    monkeypatch.setattr(keys, "fetch_data", issuer.key_set)
    identities = VerifiedIdentities(keys, ISSUER, (AUDIENCE,))
    return TestClient(build_app(api.context, identities), raise_server_exceptions=False)


def signed(issuer: Issuer, head: bytes, claims: bytes) -> str:
    """Return a token of these bytes with a valid signature: PyJWT itself signs none of them."""
    message = ".".join(
        base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (head, claims)
    )
    signature = issuer.private_key.sign(message.encode(), PKCS1v15(), SHA256())
    return f"{message}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


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
        {"aud": {AUDIENCE: True}},
        {"aud": [[AUDIENCE], {}, 5]},
        {"aud": [], "client_id": AUDIENCE},
        {"aud": None, "client_id": [[AUDIENCE]]},
        {"exp": "soon"},
        {"exp": [4_000_000_000]},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"nbf": {}},
        {"iat": "x"},
        {"sub": 5},
        {"sub": ["ann@example.com"]},
        {"jti": 5},
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


@pytest.mark.parametrize(
    "head",
    [
        b'{"alg":"RS256"}',
        b'{"alg":"RS256","kid":5}',
        b'{"alg":"RS256","kid":["key-1"]}',
        b'{"alg":"RS256","kid":"../key-1"}',
        b'{"alg":["RS256"],"kid":"key-1"}',
        b'{"alg":"HS256","kid":"key-1"}',
        b'{"alg":"PS256","kid":"key-1"}',
        b'{"kid":"key-1"}',
        b'{"alg":"RS256","kid":"key-1","crit":["x"]}',
        b'{"alg":"RS256","kid":"key-1","b64":false}',
        b"[]",
        b"null",
        b"\xff",
        b'{"alg":"RS256","kid":' + b"9" * 5_000 + b"}",
        b"[" * 20_000,
    ],
    ids=lambda head: head[:40].decode("latin-1"),
)
def test_a_header_of_a_token_that_is_odd_is_refused(
    real: TestClient, issuer: Issuer, head: bytes
) -> None:
    assert status(real, signed(issuer, head, GOOD)) == 401


@pytest.mark.parametrize(
    "claims",
    [b"[]", b"1", b"null", b"\xff", b'{"exp":' + b"9" * 5_000 + b"}", b"[" * 20_000, WRONG_ISSUER],
    ids=lambda claims: claims[:20].decode("latin-1"),
)
def test_claims_that_are_no_object_or_have_another_type_are_refused(
    real: TestClient, issuer: Issuer, claims: bytes
) -> None:
    assert status(real, signed(issuer, HEAD, claims)) == 401


def test_what_the_odd_tokens_are_made_from_is_accepted(real: TestClient, issuer: Issuer) -> None:
    assert status(real, signed(issuer, HEAD, GOOD)) == 200


def test_two_tokens_are_none(own: TestClient, issuer: Issuer) -> None:
    """Another program may verify the one, and this one take the claims of the other."""
    bearer = ("Authorization", f"Bearer {issuer.token()}")

    assert own.get("/v1/images", headers=[bearer, bearer]).status_code == 401
    assert own.get("/v1/images", headers=[bearer]).status_code == 200


def test_an_issuer_that_does_not_answer_is_no_bad_token(api: Api, issuer: Issuer) -> None:
    class Silent:
        def get_signing_key_from_jwt(self, _token: str) -> jwt.PyJWK:
            raise jwt.PyJWKClientConnectionError("refused")

    app = build_app(api.context, VerifiedIdentities(Silent(), ISSUER, (AUDIENCE,)))

    assert status(TestClient(app), issuer.token()) == 503


@pytest.mark.parametrize(
    "folder", [5, ["users/ann"], {"users": "ann"}, True, "\ud800", "a\0b", "a/%c0%ae%c0%ae"]
)
def test_a_folder_of_an_odd_type_reaches_nothing(api: Api, issuer: Issuer, folder: object) -> None:
    settings = replace(api.context.settings, prefix_claim="folder")
    context = replace(api.context, settings=settings)
    app = build_app(context, VerifiedIdentities(issuer, ISSUER, (AUDIENCE,)))

    assert status(TestClient(app), issuer.token(folder=folder)) == 403


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
