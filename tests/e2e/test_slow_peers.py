"""A call to AWS ends within its limit, however slow the peer, the network or the resolver is."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from threading import Event

import pytest

from shared.clock import SystemClock
from shared.cloud.calls import CallLimits, Calls
from shared.cloud.clients import Clients, build_clients, build_listener
from shared.cloud.queues import Queues
from shared.deadline import Deadline
from shared.model.errors import Failure, StorageUnavailable
from tests.e2e import slow_peers
from tests.e2e.slow_peers import Behaviour, Peer

LIMITS = CallLimits(connect_seconds=0.2, read_seconds=0.4, attempts=4, call_seconds=1.5)
# A machine that does other work may run a call this many times longer; without a limit each call
# here would take `PATIENCE` times longer.
FACTOR = 1.5
PATIENCE = 4
KIBIBYTE = 1024

READERS: list[Behaviour] = [
    slow_peers.silence,
    slow_peers.trickle_status_line,
    slow_peers.trickle_headers,
    slow_peers.trickle_body,
    slow_peers.trickle_chunk_size,
]
WRITERS: list[Behaviour] = [
    slow_peers.read_slowly,
    slow_peers.trickle_interim_headers,
    slow_peers.close_after_interim_line,
]
MakePeer = Callable[..., Peer]


@pytest.fixture(name="make_peer")
def _make_peer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MakePeer]:
    """Return a function that starts a peer which is AWS for the clients that are built next."""
    running = []

    def make(behaviour: Behaviour, *, is_tls: bool = False) -> Peer:
        tls = None
        if is_tls:
            tls, certificate = slow_peers.server_context(tmp_path)
            monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        peer = Peer(
            behaviour,
            pause_seconds=LIMITS.read_seconds / 4,
            patience_seconds=LIMITS.call_seconds * PATIENCE,
            tls=tls,
        )
        running.append(peer.running())
        running[-1].__enter__()
        monkeypatch.setenv("AWS_ENDPOINT_URL", peer.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return peer

    yield make
    for each in running:
        each.__exit__(None, None, None)


def clients() -> Clients:
    return build_clients(LIMITS, connections=1)


def calls(limits: CallLimits = LIMITS) -> Calls:
    return Calls(limits, Deadline.never(SystemClock()))


@dataclass
class Timed:
    """How a call ended."""

    failure: Failure
    seconds: float

    @property
    def share(self) -> float:
        """Return the time that it took, as a share of its limit."""
        return self.seconds / LIMITS.call_seconds


def timed(call: Callable[[], object], limits: CallLimits = LIMITS) -> Timed:
    began_at = time.monotonic()
    with pytest.raises(Failure) as caught:
        calls(limits).attempt(call, stage="put")
    return Timed(caught.value, time.monotonic() - began_at)


def put(s3_clients: Clients, body: bytes, limits: CallLimits = LIMITS) -> Timed:
    s3 = s3_clients.s3
    return timed(lambda: s3.put_object(Bucket="variants", Key="a", Body=body), limits)


def read_all(s3_clients: Clients) -> Timed:
    def read() -> bytes:
        return s3_clients.s3.get_object(Bucket="sources", Key="a")["Body"].read()

    return timed(read)


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("behaviour", READERS, ids=attrgetter("__name__"))
def test_an_answer_that_trickles_ends_with_the_call(
    make_peer: MakePeer, behaviour: Behaviour, *, is_tls: bool
) -> None:
    make_peer(behaviour, is_tls=is_tls)

    ended = read_all(clients())

    assert isinstance(ended.failure, StorageUnavailable)
    assert ended.share < FACTOR


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("behaviour", WRITERS, ids=attrgetter("__name__"))
def test_an_upload_that_is_read_slowly_ends_with_the_call(
    make_peer: MakePeer, behaviour: Behaviour, *, is_tls: bool
) -> None:
    make_peer(behaviour, is_tls=is_tls)

    ended = put(clients(), bytes(8192 * KIBIBYTE))

    assert isinstance(ended.failure, StorageUnavailable)
    assert ended.share < FACTOR


def test_a_handshake_that_trickles_ends_with_the_call(make_peer: MakePeer) -> None:
    make_peer(slow_peers.trickle_handshake, is_tls=True)

    assert put(clients(), b"x").share < FACTOR


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
def test_nothing_of_an_upload_arrives_after_its_call(make_peer: MakePeer, *, is_tls: bool) -> None:
    """The kernel goes on sending what was written to a socket that is then closed."""
    is_over = Event()

    def wait_and_read(exchange: slow_peers.Exchange) -> None:
        is_over.wait()
        while exchange.read():
            pass

    peer = make_peer(wait_and_read, is_tls=is_tls)
    body = bytes(200 * KIBIBYTE)

    ended = put(clients(), body)
    is_over.set()

    assert ended.share < FACTOR
    time.sleep(LIMITS.read_seconds)
    assert peer.received
    assert max(map(len, peer.received)) < len(body)


def addresses_of(found: list[tuple[str, int]]) -> Callable[..., object]:
    return lambda *_arguments, **_named: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found
    ]


def test_a_name_with_eight_dead_addresses_takes_no_longer_than_one(
    make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_peer(slow_peers.silence)
    s3, once = clients(), replace(LIMITS, attempts=1)
    with slow_peers.dead_addresses(8) as dead:
        monkeypatch.setattr(socket, "getaddrinfo", addresses_of(dead[:1]))
        one = put(s3, b"x", once)
        monkeypatch.setattr(socket, "getaddrinfo", addresses_of(dead))
        eight = put(s3, b"x", once)

    assert isinstance(eight.failure, StorageUnavailable)
    assert eight.seconds < one.seconds * 2


def test_a_live_address_is_found_behind_dead_ones(
    make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(exchange: slow_peers.Exchange) -> None:
        exchange.read_headers()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    peer = make_peer(answer)
    live = socket.getaddrinfo("127.0.0.1", int(peer.url.rpartition(":")[2]))[0][-1]
    with slow_peers.dead_addresses(3) as dead:
        monkeypatch.setattr(socket, "getaddrinfo", addresses_of([*dead, live]))  # type: ignore[list-item] # of IPv4

        clients().s3.put_object(Bucket="variants", Key="a", Body=b"x")

    assert len(peer.received) == 1


def test_a_resolver_that_does_not_answer_ends_with_the_call_and_sends_nothing_later(
    make_peer: MakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = make_peer(slow_peers.silence)
    resolve, is_over, resolved = socket.getaddrinfo, Event(), Event()

    def slow(*arguments: object, **named: object) -> object:
        is_over.wait(LIMITS.call_seconds * PATIENCE)
        try:
            return resolve(*arguments, **named)  # type: ignore[arg-type] # passed on
        finally:
            resolved.set()

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    ended = put(clients(), b"x")
    is_over.set()

    assert resolved.wait(LIMITS.call_seconds)
    time.sleep(LIMITS.connect_seconds)
    assert ended.share < FACTOR
    assert peer.received == []


def test_a_long_poll_ends_with_its_own_limit(make_peer: MakePeer) -> None:
    make_peer(slow_peers.trickle_headers)
    queues = Queues(clients().sqs, calls(), build_listener(LIMITS))
    queues._urls["live"] = "http://sqs.invalid/live"  # reading the URL is another call

    began_at = time.monotonic()
    with pytest.raises(Failure):
        queues.receive("live", wait_seconds=1, hide_seconds=30)

    longest_seconds = 1 + LIMITS.connect_seconds + LIMITS.read_seconds
    assert time.monotonic() - began_at < longest_seconds * FACTOR
