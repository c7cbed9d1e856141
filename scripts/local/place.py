"""Where the local AWS listens, which files are its own, and what can be wrong with that."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from shared.model.errors import PixfleetError

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
PORT_VARIABLE = "PIXFLEET_PORT"
HIGHEST_PORT = 65535
MAX_DIGITS = 20  # Python refuses to read a number of thousands of digits
SHOWN = 60
BUILD = Path(__file__).resolve().parents[2] / "build"
MAIN = Path(__file__).resolve().with_name("ministack_main.py")


class LocalAwsProblem(PixfleetError):
    """The local AWS cannot be used; the message says what to do."""

    exit_code: ClassVar[int] = 2


class BadPort(LocalAwsProblem):
    """A port on which we cannot listen, whoever else does."""


class PortInUse(LocalAwsProblem):
    """Somebody else listens where the local AWS should."""


class NotInstalled(LocalAwsProblem):
    """MiniStack's virtual environment is missing."""


class CannotWrite(LocalAwsProblem):
    """A file of ours cannot be written where it should stand."""


class DidNotStart(LocalAwsProblem):
    """MiniStack ended or stayed silent; the message ends with its last log lines."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where one MiniStack listens, and which files in `build` are its own."""

    port: int = DEFAULT_PORT
    build: Path = BUILD

    @property
    def endpoint_url(self) -> str:
        """Return what AWS clients take as their endpoint."""
        return f"http://{HOST}:{self.port}"

    @property
    def interpreter(self) -> Path:
        """Return the Python of MiniStack's own virtual environment."""
        return self.build / "ministack" / "bin" / "python"

    @property
    def log(self) -> Path:
        """Return where MiniStack's output goes."""
        return self.build / f"ministack-{self.port}.log"

    @property
    def pid_file(self) -> Path:
        """Return where the number of the process that we started is noted."""
        return self.build / f"ministack-{self.port}.pid"

    def command(self) -> list[str]:
        """Return what starts MiniStack, and what a process of ours is known by."""
        return [str(self.interpreter), "-P", str(MAIN)]


def parse_port(text: str) -> int:
    """Return a port from 1 to 65535; `BadPort` otherwise."""
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0
    if not 1 <= port <= HIGHEST_PORT:
        raise BadPort(f"Expected a port from 1 to {HIGHEST_PORT} for PORT, got {text[:SHOWN]!r}.")
    return port


def is_taken(port: int) -> bool:
    """Say whether somebody listens on a port; `BadPort` if we may not listen there at all."""
    with socket.socket() as probe:
        # A port of which only closed connections are left is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise BadPort(
                f"Port {port} is for administrators: choose another, make … PORT={DEFAULT_PORT}"
            ) from None
        except OSError:
            return True
    # macOS lets us bind although somebody listens on all addresses.
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def port_in_use(place: Place, *, by_us: bool) -> PortInUse:
    """Return the refusal of a taken port, with what to type."""
    port = place.port
    other = port + 1 if port < HIGHEST_PORT else port - 1
    remedy = "stop what does"
    if by_us:
        remedy = f"stop the one started before with `python -m scripts.local stop --port {port}`"
    return PortInUse(
        f"Port {port} is in use, so the local AWS cannot listen there: {remedy}, "
        f"or choose another port: make … PORT={other}"
    )
