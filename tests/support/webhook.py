"""The receiver of docs/webhook, and a double of SNS that signs messages as SNS does."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import ModuleType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.recipes import ROOT

FILE = ROOT / "docs" / "webhook" / "receiver.py"
EVENT = {"event": "complete", "key": "photos/cat.jpg"}
THEIR_TOPIC = "arn:aws:sns:eu-central-1:123456789012:pixfleet-changes"


def receiver_of(topic: str = THEIR_TOPIC) -> ModuleType:
    """Return the receiver as somebody uses it who has written the ARN of their topic into it."""
    code = FILE.read_text(encoding="utf-8")
    assert THEIR_TOPIC in code
    receiver = ModuleType("receiver")
    exec(compile(code.replace(THEIR_TOPIC, topic), FILE, "exec"), receiver.__dict__)  # noqa: S102 - the page's own
    return receiver


class Sns:
    """Signs messages as SNS does, with a key of its own."""

    def __init__(self, receiver: ModuleType) -> None:
        self.receiver = receiver
        self.certificate_url = f"{receiver.SNS}SimpleNotificationService-0123456789abcdef.pem"
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.requested: list[str] = []

    def message(self, kind: str = "Notification", **changes: str) -> dict[str, str]:
        message = {
            "Type": kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": self.receiver.TOPIC,
            "Message": json.dumps(EVENT),
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "SignatureVersion": "2",
            "SigningCertURL": self.certificate_url,
            **changes,
        }
        if kind == "SubscriptionConfirmation":
            message.setdefault("Token", "2336412f37")
            message.setdefault("SubscribeURL", f"{self.receiver.SNS}?Action=ConfirmSubscription")
        return message

    def signed(self, message: Mapping[str, str], *, sha1: bool = False) -> bytes:
        names = self.receiver.SIGNED.get(message["Type"], self.receiver.NOTIFICATION)
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        hashed = SHA1() if sha1 else SHA256()  # noqa: S303 - version 1 of the signature
        signature = self._key.sign(text.encode(), PKCS1v15(), hashed)
        return json.dumps({**message, "Signature": b64encode(signature).decode()}).encode()

    def open(self, url: str) -> BytesIO:
        self.requested.append(url)
        return BytesIO(self.certificate)

    @property
    def certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self._key, SHA256())
        )
        return built.public_bytes(Encoding.PEM)
