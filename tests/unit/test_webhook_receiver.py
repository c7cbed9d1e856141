"""The receiver of docs/webhook returns what SNS has signed for our topic, once, and no more."""

import importlib.util
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import ModuleType

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.recipes import ROOT

pytestmark = pytest.mark.unit

FILE = ROOT / "docs" / "webhook" / "receiver.py"
EVENT = {"event": "complete", "key": "photos/cat.jpg"}


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


@pytest.fixture(name="sns")
def _sns(monkeypatch: pytest.MonkeyPatch) -> Sns:
    spec = importlib.util.spec_from_file_location("receiver", FILE)
    assert spec
    assert spec.loader
    receiver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(receiver)
    sns = Sns(receiver)
    monkeypatch.setattr(receiver, "urlopen", sns.open)
    return sns


def test_a_message_of_the_topic_is_an_event(sns: Sns) -> None:
    with_subject = sns.message(Subject="A change", MessageId="2")

    seen: set[str] = set()
    assert sns.receiver.receive(sns.signed(sns.message()), seen) == EVENT
    assert sns.receiver.receive(sns.signed(with_subject), seen) == EVENT
    assert sns.requested == [sns.certificate_url]


def test_a_repeated_message_is_no_new_event(sns: Sns) -> None:
    body, seen = sns.signed(sns.message()), set[str]()

    assert sns.receiver.receive(body, seen) == EVENT
    assert sns.receiver.receive(body, seen) is None


def test_an_old_message_is_refused(sns: Sns) -> None:
    """Its id may be forgotten by then."""
    old = datetime.now(UTC) - timedelta(hours=2)

    assert_refused(sns, sns.signed(sns.message(Timestamp=old.isoformat())))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Message": '{"event": "removed"}'}, id="another message"),
        pytest.param({"Timestamp": "2026-01-01T00:00:00.000Z"}, id="another time"),
        pytest.param({"MessageId": "33"}, id="another id"),
        pytest.param({"Subject": "added"}, id="a subject"),
    ],
)
def test_what_was_changed_after_the_signature_is_refused(
    sns: Sns, changes: Mapping[str, str]
) -> None:
    signed = json.loads(sns.signed(sns.message()))

    with pytest.raises(InvalidSignature):
        sns.receiver.receive(json.dumps({**signed, **changes}).encode(), set())


def test_a_signature_of_another_key_is_refused(sns: Sns) -> None:
    with pytest.raises(InvalidSignature):
        sns.receiver.receive(Sns(sns.receiver).signed(sns.message()), set())


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/SimpleNotificationService-0.pem",
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-central-1.amazonaws.com/?Action=GetTopicAttributes",
        "file:///etc/passwd",
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_loaded(sns: Sns, url: str) -> None:
    assert_refused(sns, sns.signed(sns.message(SigningCertURL=url)))


@pytest.mark.parametrize("kind", ["Notification", "SubscriptionConfirmation"])
def test_another_topic_is_refused(sns: Sns, kind: str) -> None:
    """Anyone may subscribe our address to their own topic, whose messages SNS signs, too."""
    topic = "arn:aws:sns:eu-central-1:999999999999:theirs"

    assert_refused(sns, sns.signed(sns.message(kind, TopicArn=topic)))


def test_a_subscription_to_our_topic_is_confirmed(sns: Sns) -> None:
    message = sns.message("SubscriptionConfirmation")

    assert sns.receiver.receive(sns.signed(message), set()) is None

    assert sns.requested == [sns.certificate_url, message["SubscribeURL"]]


def test_a_forged_confirmation_calls_no_address(sns: Sns) -> None:
    message = sns.message("SubscriptionConfirmation", SubscribeURL="https://evil.example/?a")

    sns.receiver.receive(sns.signed(message), set())

    assert sns.requested == [sns.certificate_url]


def test_the_weaker_signature_is_refused(sns: Sns) -> None:
    assert_refused(sns, sns.signed(sns.message(SignatureVersion="1"), sha1=True))


def test_the_end_of_a_subscription_is_refused(sns: Sns) -> None:
    """Whoever confirms it subscribes again."""
    assert_refused(sns, sns.signed(sns.message("UnsubscribeConfirmation")))


def test_the_page_shows_the_receiver() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    code = FILE.read_text(encoding="utf-8").partition("import json")[2]
    assert code.strip() in page


def assert_refused(sns: Sns, body: bytes) -> None:
    with pytest.raises(PermissionError):
        sns.receiver.receive(body, set())
    foreign = [url for url in sns.requested if url != sns.certificate_url]
    assert foreign == []
