import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from scripts.pixfleet.image.signing import PrivateKey, expiry, read_private_key, signed
from shared.model.errors import Misconfigured

pytestmark = pytest.mark.unit

URL = "https://d1.cloudfront.net/%C3%A9t%C3%A9/cat.jpg?variant=w640&format=avif&v=0123456789ab"
UNTIL = datetime(2030, 1, 31, 12, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(name="rsa_key", scope="module")
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _signature(url: str) -> bytes:
    text = parse_qs(urlsplit(url).query)["Signature"][0]
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))


def _policy(url: str, until: datetime) -> bytes:
    """Return the canned policy as CloudFront rebuilds it from the URL's parameters."""
    condition = {"DateLessThan": {"AWS:EpochTime": int(until.timestamp())}}
    statement = [{"Resource": url, "Condition": condition}]
    return json.dumps({"Statement": statement}, separators=(",", ":")).encode()


def test_the_signature_matches_the_policy_that_cloudfront_rebuilds(
    rsa_key: rsa.RSAPrivateKey,
) -> None:
    url = signed(URL, key_id="K2JCJMDEHXQW5F", key=rsa_key, expires=UNTIL)

    query = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{URL}&Expires=")
    assert (query["Expires"], query["Key-Pair-Id"]) == (["1896091200"], ["K2JCJMDEHXQW5F"])
    assert "Policy" not in query
    rsa_key.public_key().verify(_signature(url), _policy(URL, UNTIL), padding.PKCS1v15(), SHA1())  # noqa: S303 - CloudFront's


def test_an_elliptic_curve_key_signs() -> None:
    key = ec.generate_private_key(ec.SECP256R1())

    url = signed("https://d1.cloudfront.net/cat.jpg", key_id="K", key=key, expires=UNTIL)

    policy = _policy("https://d1.cloudfront.net/cat.jpg", UNTIL)
    key.public_key().verify(_signature(url), policy, ec.ECDSA(SHA1()))  # noqa: S303 - CloudFront's


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOW + timedelta(minutes=30)),
        ("1h", NOW + timedelta(hours=1)),
        ("7d", NOW + timedelta(days=7)),
        ("2030-01-31T12:00Z", UNTIL),
        ("2030-01-31T13:00+01:00", UNTIL),
        ("2030-01-31T12:00", UNTIL),
    ],
)
def test_an_expiry_is_a_span_or_a_time(text: str, moment: datetime) -> None:
    assert expiry(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "1y", "-1h", "0s", "2020-01-01T00:00Z", "999999999d"]
)
def test_an_invalid_or_past_expiry_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="--expires cannot be used"):
        expiry(text, NOW)


def _pem(key: PrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_a_key_file_is_read(rsa_key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(_pem(rsa_key))

    read = read_private_key(file)

    assert read.public_key() == rsa_key.public_key()


def test_an_unusable_key_is_refused_in_a_sentence(
    rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    long = rsa.generate_private_key(65537, 3072)
    files = {
        "locked.pem": (_pem(rsa_key, b"secret"), "password"),
        "text.pem": (b"hello", "PEM form"),
        "long.pem": (_pem(long), "2,048 bits"),
        "public.pem": (b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "PEM form"),
    }
    for name, (content, message) in files.items():
        (tmp_path / name).write_bytes(content)

        with pytest.raises(Misconfigured, match=message):
            read_private_key(tmp_path / name)
    with pytest.raises(Misconfigured, match="No such file"):
        read_private_key(tmp_path / "none.pem")
