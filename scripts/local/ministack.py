"""Starts and stops MiniStack, the local AWS: one process group, on loopback, nothing kept on disk.

Its log and a small file with its process number stand in `build/`, one of each per port, so that a
MiniStack left behind by a killed program can be found and stopped.
"""

import atexit
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from scripts.local.place import (
    BUILD,
    DEFAULT_PORT,
    HOST,
    CannotWrite,
    DidNotStart,
    NotInstalled,
    Place,
    is_taken,
    port_in_use,
)

START_SECONDS = 30.0
STOP_SECONDS = 10.0
HEALTH_PATH = "/_ministack/health"
LOG_LINES_SHOWN = 8
# What MiniStack may know of the caller's environment: not the credentials, and no settings of
# somebody's own MiniStack or LocalStack.
PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
SETTINGS = {
    "BIND_HOST": HOST,
    "IOT_MTLS_ENABLED": "0",  # else it opens port 8883 too, and two of them would quarrel over it
    "LOG_LEVEL": "WARNING",
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "SFTP_ENABLED": "0",
}


@contextmanager
def running_ministack(port: int = DEFAULT_PORT, *, build: Path = BUILD) -> Iterator[str]:
    """Give the endpoint URL of a MiniStack of our own, and stop it when the block ends.

    Raises a `LocalAwsProblem` if it cannot start. Inside the block SIGTERM ends the program as
    Ctrl-C does, by unwinding.
    """
    place = Place(port, build)
    with _terminating_unwinds():
        process = start(place)
        atexit.register(stop, place, process.pid)
        try:
            yield place.endpoint_url
        finally:
            stop(place, process.pid)
            process.wait()
            atexit.unregister(stop)


def start(place: Place) -> subprocess.Popen[bytes]:
    """Start MiniStack and return its process when it answers."""
    if not place.interpreter.exists():
        raise NotInstalled(
            f"MiniStack, the local AWS, is not installed in {place.interpreter.parents[1]}: "
            "run `make setup`."
        )
    if is_taken(place.port):
        raise port_in_use(place, by_us=running_pid(place) is not None)
    process = _launch(place)
    try:
        with _writing(place.pid_file):
            place.pid_file.write_text(f"{process.pid}\n")
        _wait_until_healthy(process, place)
    except BaseException:
        # By force, and unasked who it is: so early it may not yet bear the name that `stop` knows.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        stop(place, process.pid)
        raise
    return process


def stop(place: Place, pid: int) -> None:
    """Stop the process group that `start` made; harmless when it has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _is_ministack(pid, place):
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            _wait_for_the_end(pid, place)
    with suppress(OSError):  # what cannot be removed does no harm: its number is checked
        place.pid_file.unlink(missing_ok=True)
    if place.log.is_file() and place.log.stat().st_size == 0:
        place.log.unlink()


def running_pid(place: Place) -> int | None:
    """Return the number of the MiniStack that was started here, if it still runs."""
    try:
        pid = int(place.pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if _is_ministack(pid, place) else None


def is_healthy(place: Place) -> bool:
    """Say whether the local AWS answers, asked past any proxy."""
    connection = http.client.HTTPConnection(HOST, place.port, timeout=2)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _launch(place: Place) -> subprocess.Popen[bytes]:
    with _writing(place.log), place.log.open("wb") as log:
        return subprocess.Popen(
            place.command(),
            env=_environment(os.environ, place.port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        raise CannotWrite(
            f"{path} cannot be written ({refused.strerror}), so the local AWS was not started: "
            "make room for it there."
        ) from refused


def _environment(outer: Mapping[str, str], port: int) -> dict[str, str]:
    kept = {name: outer[name] for name in PASSED_ON if name in outer}
    return {**kept, **SETTINGS, "GATEWAY_PORT": str(port)}


def _wait_until_healthy(process: subprocess.Popen[bytes], place: Place) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None:
        if is_healthy(place):
            return
        if time.monotonic() > give_up_at:
            raise DidNotStart(
                f"MiniStack did not answer on port {place.port} within {START_SECONDS:g} s. "
                f"{_last_words(place)}"
            )
        time.sleep(0.05)
    ending = f"MiniStack ended with {process.returncode} at its start."
    raise DidNotStart(f"{ending} {_last_words(place)}")


def _last_words(place: Place) -> str:
    lines = place.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    return "\n".join((f"The end of its log, {place.log}, is:", *(f"  {line}" for line in lines)))


def _is_ministack(pid: int, place: Place) -> bool:
    """Say whether a process is alive and a MiniStack from our virtual environment.

    The number alone says little: after a restart of the machine it is somebody else's.
    """
    if Path("/proc/self/cmdline").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
            return words[:-1] == place.command()
        return False
    answer = subprocess.run(
        ["/bin/ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    # On macOS a framework's Python shows another path of itself; an ended process shows a Z.
    line = answer.stdout.strip()
    return line.endswith(" ".join(place.command()[1:])) and not line.startswith("Z")


def _wait_for_the_end(pid: int, place: Place) -> None:
    give_up_at = time.monotonic() + STOP_SECONDS
    while time.monotonic() < give_up_at:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if not _is_ministack(pid, place):
            return
        time.sleep(0.02)


@contextmanager
def _terminating_unwinds() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `SystemExit`, so that `finally` blocks run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
