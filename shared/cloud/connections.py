"""Connections that end with the time limit of their call, however slow the peer is.

botocore's two timeouts bound single waits. A peer that sends a byte now and then, or a name with
many dead addresses, holds a call for any time: each header line, each part of a body and each
address has a timeout of its own. A name server that does not answer has none at all.
https://docs.python.org/3/library/socket.html#socket.create_connection
"""

import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from shared.cloud.time_limit import seconds_left

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from typing_extensions import Buffer

    SocketOption = tuple[int, int, int | bytes]
    # Family, kind, protocol, canonical name, and what `connect` takes.
    Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]

# After a failure the close of a connection discards what was not sent, because nothing of a call
# that was given up may arrive later. A plain close lets the kernel go on sending: socket(7).
DISCARD_ON_CLOSE = struct.pack("ii", 1, 0)
SHORTEST_WAIT_SECONDS = 0.001  # a timeout of 0 would mean: do not wait, but fail


def bound_connections(client: "BaseClient") -> None:
    """Let every connection that the client opens from now on end with the limit of its call.

    botocore has no setting for this. Its HTTP session hands these classes to urllib3:
    https://urllib3.readthedocs.io/en/stable/advanced-usage.html#customizing-pool-behavior
    """
    session = client._endpoint.http_session  # type: ignore[attr-defined] # noqa: SLF001
    session._pool_classes_by_scheme.update(http=_HTTPPool, https=_HTTPSPool)  # noqa: SLF001


@contextmanager
def _in_time(sock: socket.socket) -> Iterator[None]:
    """Let one operation of a socket take no longer than the call may."""
    timeout = sock.gettimeout()
    try:
        left = seconds_left()
        if timeout is None or timeout > left:
            sock.settimeout(left)
        yield
    except OSError:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, DISCARD_ON_CLOSE)
        raise
    finally:
        sock.settimeout(timeout)


class _Socket(socket.socket):
    """A TCP socket. All other reads and writes of `http.client` and `ssl` call these."""

    def recv(self, *arguments: int) -> bytes:
        with _in_time(self):
            return super().recv(*arguments)

    def recv_into(self, buffer: "Buffer", *arguments: int) -> int:
        with _in_time(self):
            return super().recv_into(buffer, *arguments)

    def sendall(self, data: "Buffer", *arguments: int) -> None:
        # The timeout of the socket bounds all of `sendall`, and of TLS each `send`:
        # https://docs.python.org/3/library/socket.html#socket.socket.sendall
        with _in_time(self):
            super().sendall(data, *arguments)


class _TLSSocket(ssl.SSLSocket):
    """A TLS connection; its `sendall` calls `send` for each part."""

    def recv(self, *arguments: int) -> bytes:
        with _in_time(self):
            return super().recv(*arguments)

    def recv_into(self, buffer: "Buffer", *arguments: Any) -> int:  # noqa: ANN401 - as its base
        with _in_time(self):
            return super().recv_into(buffer, *arguments)

    def send(self, data: "Buffer", *arguments: int) -> int:
        with _in_time(self):
            return super().send(data, *arguments)

    def do_handshake(self, *arguments: bool) -> None:
        with _in_time(self):
            super().do_handshake(*arguments)


class _HTTPConnection(AWSHTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


class _HTTPSConnection(AWSHTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)

    def connect(self) -> None:
        # botocore always passes a context.
        cast("ssl.SSLContext", self.ssl_context).sslsocket_class = _TLSSocket
        super().connect()


class _HTTPPool(AWSHTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(AWSHTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def _open(connection: HTTPConnection) -> socket.socket:
    """Return a connected socket; the timeout bounds the resolver and all addresses together."""
    host, port, timeout = connection.host.strip("[]"), connection.port, connection.timeout
    try:
        seconds = min(float(timeout or 0), seconds_left())
        ends_at = monotonic() + seconds
        addresses = _resolve(host, port, seconds)
        sock = _connect(addresses, ends_at, connection.socket_options or [])
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"Connecting to {host} timed out.") from error
    except OSError as error:
        raise NewConnectionError(connection, f"Connecting to {host} failed: {error}") from error
    sock.settimeout(timeout)
    return sock


def _connect(
    addresses: "Sequence[Address]", ends_at: float, options: "Sequence[SocketOption]"
) -> socket.socket:
    """Return a socket that is connected to one of the addresses by `ends_at`, monotonic seconds.

    Each address gets half of the time that is left, and the last one all of it. With the whole
    time for each, eight dead addresses would take eight times as long.
    """
    failure: OSError = OSError("the name has no address")
    for others, (family, kind, protocol, _, address) in zip(
        reversed(range(len(addresses))), addresses, strict=True
    ):
        left = (ends_at - monotonic()) / (2 if others else 1)
        with socket.socket(family, kind, protocol) as sock:
            try:
                for option in options:
                    sock.setsockopt(*option)
                sock.settimeout(max(SHORTEST_WAIT_SECONDS, left))
                sock.connect(address)
                return _Socket(fileno=sock.detach())
            except OSError as error:
                failure = error
    raise failure


def _resolve(host: str, port: int, seconds: float) -> "Sequence[Address]":
    """Return the addresses of a host; `TimeoutError` if the resolver does not answer in time.

    getaddrinfo(3) has no timeout and cannot be interrupted. Its thread ends when the resolver
    gives up, by resolv.conf(5) after half a minute at most; nothing waits for it.
    """
    addresses: Future[Sequence[Address]] = Future()

    def resolve() -> None:
        try:
            found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
            addresses.set_exception(error)
        else:
            addresses.set_result(found)

    Thread(target=resolve, name="resolver", daemon=True).start()
    return addresses.result(timeout=seconds)
