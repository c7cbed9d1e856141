"""Signs URLs for a CloudFront distribution that serves signed URLs only."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from scripts.pixfleet.terminal.times import span_seconds
from shared.model.errors import Misconfigured

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
RSA_BITS = 2048


def signed(url: str, *, key_id: str, key: PrivateKey, expires: datetime) -> str:
    """Return the URL with the query of a canned policy, valid until `expires`."""

    def sign(message: bytes) -> bytes:
        # S303: CloudFront expects SHA-1 unless the URL names another hash.
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(message, padding.PKCS1v15(), SHA1())  # noqa: S303
        return key.sign(message, ec.ECDSA(SHA1()))  # noqa: S303

    # botocore would append the query to the fragment.
    if urlsplit(url).fragment:
        raise Misconfigured(f"{url} cannot be signed", ["expected a URL without a #fragment"])
    return str(CloudFrontSigner(key_id, sign).generate_presigned_url(url, date_less_than=expires))


def read_private_key(file: Path) -> PrivateKey:
    """Return the private key of a PEM file; `Misconfigured` if CloudFront cannot use it."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as refused:
        raise _unusable(file, f"{refused.strerror}") from refused
    except TypeError as refused:
        raise _unusable(
            file, "it has a password: save it without one, and keep it safe"
        ) from refused
    except ValueError as refused:
        raise _unusable(file, "expected a private key in PEM form") from refused
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size == RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise _unusable(file, "expected an RSA key of 2,048 bits or an ECDSA key of P-256")


def expiry(text: str, now: datetime) -> datetime:
    """Return when a URL expires.

    `text` is a time span from `now`, such as 30m, 1h or 7d, or a time such as 2030-01-31T12:00Z.
    `Misconfigured` for any other text, and for a time in the past.
    """
    try:
        moment = now + timedelta(seconds=span_seconds(text, option="--expires"))
    except Misconfigured:
        moment = _moment(text)
    if moment <= now:
        raise _no_expiry(f"expected a time in the future, got {text}")
    return moment


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as refused:
        raise _no_expiry(
            f"expected a time such as 30m, 1h, 7d or 2030-01-31T12:00Z, got {text!r}"
        ) from refused
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _no_expiry(problem: str) -> Misconfigured:
    return Misconfigured("--expires cannot be used", [problem])


def _unusable(file: Path, problem: str) -> Misconfigured:
    return Misconfigured(f"The private key {file} cannot be used", [problem])
