"""The receiver of docs/webhook returns what SNS has signed for our topic, once, and no more."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature

from tests.support.recipes import ROOT
from tests.support.webhook import EVENT, FILE, Sns, receiver_of

pytestmark = pytest.mark.unit


@pytest.fixture(name="sns")
def _sns(monkeypatch: pytest.MonkeyPatch) -> Sns:
    receiver = receiver_of()
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
