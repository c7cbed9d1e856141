"""One MiniStack: its port and its files, and the errors that concern them."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from shared.model.errors import PixfleetError

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
PORT_VARIABLE = "PIXFLEET_PORT"
HIGHEST_PORT = 65535
# Away from the next ports, which are those of other local AWSs.
EDGE_OFFSET = 1000
MAX_DIGITS = 20  # int() raises ValueError for thousands of digits
SHOWN = 60
BUILD = Path(__file__).resolve().parents[2] / "build"
MAIN = Path(__file__).resolve().with_name("ministack_main.py")


class LocalAwsProblem(PixfleetError):
    """The local AWS cannot be used; the message says what to do."""

    exit_code: ClassVar[int] = 2


class BadPort(LocalAwsProblem):
    """A port that is not a number from 1 to 65535, or that needs root."""


class PortInUse(LocalAwsProblem):
    """Another process listens on the port."""


class NotInstalled(LocalAwsProblem):
    """MiniStack's virtual environment is missing."""


class CannotWrite(LocalAwsProblem):
    """A file cannot be written."""


class DidNotStart(LocalAwsProblem):
    """MiniStack exited or did not answer; the message ends with its last log lines."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Instance:
    """One MiniStack on a port of loopback, with its files in `build`."""

    port: int = DEFAULT_PORT
    build: Path = BUILD

    @property
    def endpoint_url(self) -> str:
        """Return the endpoint for AWS clients."""
        return f"http://{HOST}:{self.port}"

    @property
    def edge_port(self) -> int:
        """Return the port on which a browser opens the distribution, unless it is taken."""
        other = self.port + EDGE_OFFSET
        return other if other <= HIGHEST_PORT else self.port - EDGE_OFFSET

    @property
    def interpreter(self) -> Path:
        """Return the Python of MiniStack's virtual environment."""
        return self.build / "ministack" / "bin" / "python"

    @property
    def log(self) -> Path:
        """Return the path of MiniStack's log."""
        return self.build / f"ministack-{self.port}.log"

    @property
    def pid_file(self) -> Path:
        """Return the path of the file with the process ID."""
        return self.build / f"ministack-{self.port}.pid"

    def command(self) -> list[str]:
        """Return the command that starts MiniStack; `running_pid` recognises the process by it."""
        return [str(self.interpreter), "-P", str(MAIN)]


def parse_port(text: str) -> int:
    """Return a port from 1 to 65535; `BadPort` otherwise."""
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else 0
    if not 1 <= port <= HIGHEST_PORT:
        raise BadPort(f"Expected a port from 1 to {HIGHEST_PORT} for PORT, got {text[:SHOWN]!r}.")
    return port


def is_taken(port: int) -> bool:
    """Return whether a process listens on a port; `BadPort` if listening there needs root."""
    with socket.socket() as probe:
        # Connections in TIME_WAIT do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise BadPort(
                f"Port {port} needs root: choose another, make … PORT={DEFAULT_PORT}"
            ) from None
        except OSError:
            return True
    # macOS allows to bind a port even if another process listens on it on all addresses.
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def port_in_use(instance: Instance, *, by_us: bool) -> PortInUse:
    """Return the error for a port in use; its message says what to type."""
    port = instance.port
    other = port + 1 if port < HIGHEST_PORT else port - 1
    remedy = "stop the process that listens"
    if by_us:
        remedy = f"stop the one started before with `python -m scripts.local stop --port {port}`"
    return PortInUse(
        f"Port {port} is in use, so the local AWS cannot listen there: {remedy}, "
        f"or choose another port: make … PORT={other}"
    )
