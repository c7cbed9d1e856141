"""Receives completion events over HTTPS. Call `receive` with the body of each POST of SNS.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import json
from base64 import b64decode
from collections.abc import MutableSet
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.request import urlopen

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

TOPIC = "arn:aws:sns:eu-central-1:123456789012:pixfleet-changes"
SNS = f"https://sns.{TOPIC.split(':')[3]}.amazonaws.com/"
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {"Notification": NOTIFICATION, "SubscriptionConfirmation": CONFIRMATION}
OLDEST_SECONDS = 3_600  # SNS tries for at most an hour to deliver over HTTPS


def receive(body: bytes, seen: MutableSet[str]) -> dict[str, Any] | None:
    """Return a new event, or None; raise an error, to answer 403, for what SNS has not sent."""
    message = json.loads(body)
    certificate_url, kind = message["SigningCertURL"], message["Type"]
    if message["TopicArn"] != TOPIC or message["SignatureVersion"] != "2" or kind not in SIGNED:
        raise PermissionError("Expected a message of our topic, with a signature of version 2.")
    if not certificate_url.startswith(f"{SNS}SimpleNotificationService-"):
        raise PermissionError("Expected a certificate of SNS in the region of our topic.")
    text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED[kind] if name in message)
    key: Any = load_pem_x509_certificate(certificate(certificate_url)).public_key()
    key.verify(b64decode(message["Signature"]), text.encode(), PKCS1v15(), SHA256())
    age = datetime.now(UTC) - datetime.fromisoformat(message["Timestamp"])
    if abs(age.total_seconds()) > OLDEST_SECONDS:
        raise PermissionError("Expected a message of the last hour: this one is sent again.")
    if kind == "SubscriptionConfirmation" and message["SubscribeURL"].startswith(SNS):
        urlopen(message["SubscribeURL"]).close()
    if kind != "Notification" or message["MessageId"] in seen:
        return None
    seen.add(message["MessageId"])  # in your database, with the work that the event leads to
    event: dict[str, Any] = json.loads(message["Message"])
    return event


@lru_cache
def certificate(url: str) -> bytes:
    """Return a certificate of SNS, which changes about once a year."""
    with urlopen(url) as answer:
        data: bytes = answer.read()
    return data
