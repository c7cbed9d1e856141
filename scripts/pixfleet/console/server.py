"""Serves the console on loopback until Ctrl-C."""

import socket

import uvicorn

from scripts.pixfleet.console.app import build_app
from scripts.pixfleet.console.guard import HTTP_PORT, START
from scripts.pixfleet.console.site import Site

HOST = "127.0.0.1"
GRACE_SECONDS = 2


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback; port 0 is any free one. Raises `OSError`."""
    listening = socket.create_server((HOST, port))
    listening.set_inheritable(False)
    return listening


def address_of(listening: socket.socket) -> str:
    """Return host and port of a socket, as browsers send them."""
    return host_header(listening.getsockname()[1])


def host_header(port: int) -> str:
    """Return the Host that browsers send: they leave out the scheme's own port."""
    return HOST if port == HTTP_PORT else f"{HOST}:{port}"


def start_url(site: Site, listening: socket.socket) -> str:
    """Return the address to open first; it works once."""
    return f"http://{address_of(listening)}{START}?token={site.keys.token}"


def serve(site: Site, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C."""
    config = uvicorn.Config(
        build_app(site, address_of(listening)),
        log_level="error",
        access_log=False,  # its lines would have the token
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[listening])
