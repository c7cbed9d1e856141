"""The subscriptions of the module `notifications`, applied for real, and what they deliver.

MiniStack asks an address to confirm, matches filters and sends over HTTPS, but writes `FAKE` where
SNS signs. The receiver of docs/webhook refuses that. So the test signs what has arrived as SNS
does, in the version that the topic asks for, and gives it to the receiver.
"""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx2
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from scripts.local import ministack
from scripts.local.clients import DUMMY_KEY, REGION
from shared.clock import SystemClock
from shared.cloud.calls import CallLimits, Calls
from shared.cloud.topics import Topic
from shared.deadline import Deadline
from shared.model.completion import Change, Completion
from shared.model.errors import Cause
from tests.e2e.applied_module import AppliedModule, copied_module
from tests.e2e.processes import free_port
from tests.e2e.waiting import wait_for
from tests.support.webhook import Sns, receiver_of
from tests.terraform.folders import STACK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MODULE = STACK / "modules" / "notifications"
SERVICES = ("sns", "sqs", "sts")
NOW = datetime.now(UTC)
READY = Completion(event=Change.COMPLETE, bucket="photos", key="a.jpg", changed_at=NOW)
REJECTED = Completion(
    event=Change.REJECTED,
    bucket="photos",
    key="b.jpg",
    changed_at=NOW,
    cause=Cause.TRUNCATED,
)


@dataclass
class Site:
    """An HTTPS server: what was sent to each of its paths, in order."""

    port: int
    sent: dict[str, Queue[Mapping[str, str]]] = field(default_factory=dict)

    def url(self, path: str) -> str:
        """Return the address of a path."""
        self.sent[path] = Queue()
        return f"https://localhost:{self.port}{path}"

    def next(self, path: str) -> Mapping[str, str]:
        """Return the next message to a path, once it has arrived."""
        return self.sent[path].get(timeout=60)


class SignedSns(Sns):
    """Signs what MiniStack has sent, and takes its calls for those to SNS."""

    def __init__(self, topic: str, client: Any, endpoint_url: str) -> None:  # noqa: ANN401 - boto3's
        super().__init__(receiver_of(topic))
        self.receiver.__dict__["urlopen"] = self.open
        self._endpoint_url = endpoint_url
        attributes = client.get_topic_attributes(TopicArn=topic)["Attributes"]
        self._version = attributes.get("SignatureVersion", "1")

    def sign(self, message: Mapping[str, str]) -> bytes:
        """Return the message as SNS sends it."""
        changed = {
            **message,
            "SigningCertURL": self.certificate_url,
            "SignatureVersion": self._version,
        }
        if "SubscribeURL" in message:
            query = urlsplit(message["SubscribeURL"]).query
            changed["SubscribeURL"] = f"{self.receiver.SNS}?{query}"
        return self.signed(changed, sha1=self._version == "1")

    def open(self, url: str) -> BytesIO:
        """Answer as SNS: with the certificate, or with MiniStack's answer to a call."""
        if url == self.certificate_url:
            return super().open(url)
        called = f"{self._endpoint_url}/?{urlsplit(url).query}"
        return BytesIO(httpx2.get(called).raise_for_status().content)


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Path]]:
    chain = certificate_of_localhost(tmp_path_factory.mktemp("tls"))
    with served(chain) as site:
        yield site, chain


@pytest.fixture(name="local_sns", scope="module")
def _local_sns(site: tuple[Site, Path]) -> Iterator[str]:
    """Start a MiniStack that trusts the site's certificate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(site[1]))
        patch.setattr(ministack, "INHERITED", (*ministack.INHERITED, "SSL_CERT_FILE"))
        with ministack.running_ministack(free_port()) as url:
            yield url


@pytest.fixture(name="module")
def _module(local_sns: str, tmp_path: Path) -> Iterator[AppliedModule]:
    with copied_module(MODULE, tmp_path, endpoints=dict.fromkeys(SERVICES, local_sns)) as copied:
        yield copied


def test_what_workers_publish_reaches_the_addresses_that_terraform_subscribes(
    module: AppliedModule, local_sns: str, site: tuple[Site, Path]
) -> None:
    own, _ = site
    everything, refused = own.url("/shop"), own.url("/rejections")
    module.apply(
        prefix="pixfleet",
        subscriptions={
            "shop": {"url": everything},
            "rejections": {"url": refused, "events": ["rejected"]},
        },
    )
    client = boto3.client(
        "sns",
        endpoint_url=local_sns,
        region_name=REGION,
        aws_access_key_id=DUMMY_KEY,
        aws_secret_access_key=DUMMY_KEY,
    )
    ((topic,),) = ([each["TopicArn"] for each in client.list_topics()["Topics"]],)
    sns = SignedSns(topic, client, local_sns)

    for path in ("/shop", "/rejections"):
        asked = own.next(path)
        assert asked["Type"] == "SubscriptionConfirmation"
        assert_unsigned_is_refused(sns, asked)
        assert sns.receiver.receive(sns.sign(asked), set()) is None
    assert_confirmed(client, topic)

    calls = Calls(
        CallLimits(connect_seconds=5, read_seconds=30, attempts=3, call_seconds=60),
        Deadline.never(SystemClock()),
    )
    for change in (READY, REJECTED):
        Topic(client, calls, topic).publish(change)

    shop = {key_of(sns, own.next("/shop")) for _ in range(2)}
    assert shop == {"a.jpg", "b.jpg"}
    assert key_of(sns, own.next("/rejections")) == "b.jpg"
    assert own.sent["/rejections"].empty()

    module.destroy()
    assert client.list_subscriptions()["Subscriptions"] == []


def key_of(sns: SignedSns, message: Mapping[str, str]) -> str:
    """Return which key an event is about, once the receiver has verified it."""
    assert_unsigned_is_refused(sns, message)
    event = sns.receiver.receive(sns.sign(message), set())
    return str(event["key"])


def assert_unsigned_is_refused(sns: SignedSns, message: Mapping[str, str]) -> None:
    changed = {**json.loads(sns.sign(message)), "Signature": "FAKE"}
    with pytest.raises(InvalidSignature):
        sns.receiver.receive(json.dumps(changed).encode(), set())
    with pytest.raises(PermissionError):
        sns.receiver.receive(json.dumps(message).encode(), set())


def assert_confirmed(client: Any, topic: str) -> None:  # noqa: ANN401 - boto3's
    def pending() -> bool:
        listed = client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return "PendingConfirmation" in {each["SubscriptionArn"] for each in listed}

    wait_for("both confirmations", lambda: not pending())


def certificate_of_localhost(folder: Path) -> Path:
    """Write a certificate and its key into one file, and return it."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "localhost.pem"
    path.write_bytes(secret + built.public_bytes(Encoding.PEM))
    return path


@contextmanager
def served(chain: Path) -> Iterator[Site]:
    """Serve HTTPS with this certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            site.sent[self.path].put(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    site = Site(server.server_port)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
