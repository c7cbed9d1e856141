"""Servers on loopback that are slow, each in a way in which a server or a network can be."""

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scripts.local.instance import HOST

END_OF_HEADERS = b"\r\n\r\n"
# Of a larger buffer the kernel would accept whole uploads for a peer that does not read.
RECEIVE_BYTES = 64 * 1024
Pause = Callable[[], bool]


@dataclass
class Exchange:
    """One connection; `pause` waits for the next part and returns whether to go on."""

    connection: socket.socket
    pause: Pause
    received: bytearray

    def read(self, size: int = 1 << 16) -> bool:
        """Receive some bytes; return whether there were any."""
        data = self.connection.recv(size)
        self.received += data
        return bool(data)

    def read_headers(self) -> None:
        """Receive a request up to the end of its headers, and what came with them."""
        while END_OF_HEADERS not in self.received and self.read():
            pass

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def send_for_ever(self, part: bytes) -> None:
        """Send a part after each pause."""
        while self.pause():
            self.send(part)


Behaviour = Callable[[Exchange], None]


@dataclass
class Peer:
    """A server; each of its connections runs `behaviour`.

    It stops when the test is over or after `patience_seconds`, so that a client without a limit
    fails its test and does not hang.
    """

    behaviour: Behaviour
    pause_seconds: float
    patience_seconds: float
    tls: ssl.SSLContext | None = None
    received: list[bytearray] = field(default_factory=list)
    url: str = ""
    _stopping: Event = field(default_factory=Event)

    @contextmanager
    def running(self) -> Iterator["Peer"]:
        with socket.create_server((HOST, 0)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            self.url = f"http{'s' if self.tls else ''}://{HOST}:{listener.getsockname()[1]}"
            thread = Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._stopping.set()
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.received.append(bytearray())
                arguments = connection, self.received[-1]
                Thread(target=self._talk, args=arguments, daemon=True).start()

    def _talk(self, connection: socket.socket, received: bytearray) -> None:
        pauses = iter(range(round(self.patience_seconds / self.pause_seconds)))

        def pause() -> bool:
            return next(pauses, None) is not None and not self._stopping.wait(self.pause_seconds)

        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(connection)
            if self.tls and self.behaviour is not trickle_handshake:
                connection = self.tls.wrap_socket(connection, server_side=True)
                stack.enter_context(connection)
            self.behaviour(Exchange(connection, pause, received))


def silence(exchange: Exchange) -> None:
    """Accept a request and never answer."""
    exchange.read_headers()
    while exchange.pause():
        pass


def trickle_status_line(exchange: Exchange) -> None:
    exchange.read_headers()
    exchange.send(b"HTTP/1.1 200 ")
    exchange.send_for_ever(b"O")


def trickle_headers(exchange: Exchange) -> None:
    exchange.read_headers()
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    exchange.send_for_ever(b"x-slow: yes\r\n")


def trickle_interim_headers(exchange: Exchange) -> None:
    """Answer 100 Continue, with headers that never end."""
    exchange.read_headers()
    exchange.send(b"HTTP/1.1 100 Continue\r\n")
    exchange.send_for_ever(b"x-slow: yes\r\n")


def close_after_interim_line(exchange: Exchange) -> None:
    """Close the connection after the first line of 100 Continue."""
    exchange.read_headers()
    exchange.send(b"HTTP/1.1 100 Continue\r\n")


def trickle_body(exchange: Exchange) -> None:
    exchange.read_headers()
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    exchange.send_for_ever(b"x")


def trickle_chunk_size(exchange: Exchange) -> None:
    """Send the length of a chunk, digit by digit."""
    exchange.read_headers()
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.send_for_ever(b"0")


def read_slowly(exchange: Exchange) -> None:
    """Read a request a part at a time, each soon enough for the timeout of a write."""
    while exchange.pause() and exchange.read(RECEIVE_BYTES):
        pass


def trickle_handshake(exchange: Exchange) -> None:
    """Announce a TLS record that never ends."""
    exchange.read()
    exchange.send(b"\x16\x03\x03\x3f\xff\x02")
    exchange.send_for_ever(b"\x00")


@contextmanager
def dead_addresses(count: int) -> Iterator[list[tuple[str, int]]]:
    """Yield addresses that do not answer a connect, because their queues are full: listen(2)."""
    with ExitStack() as stack:
        addresses = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind((HOST, 0))
            listener.listen(0)
            addresses.append(listener.getsockname())
            for waiting in repeat(None, 2):
                del waiting
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)  # noqa: FBT003 - the standard library's
                filler.connect_ex(addresses[-1])
        yield addresses


def server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for loopback, and the file of the certificate that it has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slow peer")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "peer.pem", folder / "peer.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate
