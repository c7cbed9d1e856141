"""Starts and stops MiniStack, the local AWS: one process group on loopback, all data in memory.

For each port, `build/` holds a log and a file with the process ID. With this file, a MiniStack
that a killed program has left running can be found and stopped.
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

from scripts.local.edge.ministack_server import PORT_VARIABLE as EDGE_PORT_VARIABLE
from scripts.local.instance import (
    BUILD,
    DEFAULT_PORT,
    HOST,
    CannotWrite,
    DidNotStart,
    Instance,
    NotInstalled,
    is_taken,
    port_in_use,
)

START_SECONDS = 30.0
STOP_SECONDS = 10.0
HEALTH_PATH = "/_ministack/health"
LOG_LINES_SHOWN = 8
# The only variables that MiniStack inherits: no credentials, and no settings of another MiniStack
# or LocalStack.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
SETTINGS = {
    "BIND_HOST": HOST,
    "IOT_MTLS_ENABLED": "0",  # otherwise it opens port 8883, too, and a second MiniStack fails
    "LOG_LEVEL": "WARNING",
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "SFTP_ENABLED": "0",
}


@contextmanager
def running_ministack(port: int = DEFAULT_PORT, *, build: Path = BUILD) -> Iterator[str]:
    """Start a MiniStack, yield its endpoint URL, and stop it when the block ends.

    Raises a `LocalAwsProblem` if it cannot start. Inside the block SIGTERM and SIGHUP raise
    `SystemExit`, so that MiniStack is stopped then, too.
    """
    instance = Instance(port, build)
    with _signals_raise_exit():
        process = start(instance)
        atexit.register(stop, instance, process.pid)
        try:
            yield instance.endpoint_url
        finally:
            stop(instance, process.pid)
            process.wait()
            atexit.unregister(stop)


def start(instance: Instance) -> subprocess.Popen[bytes]:
    """Start MiniStack, wait until it answers, and return its process."""
    if not instance.interpreter.exists():
        raise NotInstalled(
            f"MiniStack, the local AWS, is not installed in {instance.interpreter.parents[1]}: "
            "run `make setup`."
        )
    if is_taken(instance.port):
        raise port_in_use(instance, by_us=running_pid(instance) is not None)
    process = _launch(instance)
    try:
        with _writing(instance.pid_file):
            instance.pid_file.write_text(f"{process.pid}\n")
        _wait_until_healthy(process, instance)
    except BaseException:
        # `stop` alone is not enough: before exec, the process does not have the command by which
        # `stop` recognises it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        stop(instance, process.pid)
        raise
    return process


def stop(instance: Instance, pid: int) -> None:
    """Stop the process group that `start` made, unless it has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _is_ministack(pid, instance):
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            _wait_until_ended(pid, instance)
    with suppress(OSError):  # a file that stays is harmless: `running_pid` checks the process
        instance.pid_file.unlink(missing_ok=True)
    if instance.log.is_file() and instance.log.stat().st_size == 0:
        instance.log.unlink()


def running_pid(instance: Instance) -> int | None:
    """Return the process ID of the MiniStack that was started here, if it still runs."""
    try:
        pid = int(instance.pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if _is_ministack(pid, instance) else None


def is_healthy(instance: Instance) -> bool:
    """Return whether the local AWS answers; no proxy is used."""
    connection = http.client.HTTPConnection(HOST, instance.port, timeout=2)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _launch(instance: Instance) -> subprocess.Popen[bytes]:
    with _writing(instance.log), instance.log.open("wb") as log:
        return subprocess.Popen(
            instance.command(),
            env=_environment(os.environ, instance),
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
            "make it writable, or free some space."
        ) from refused


def _environment(outer: Mapping[str, str], instance: Instance) -> dict[str, str]:
    kept = {name: outer[name] for name in INHERITED if name in outer}
    ports = {"GATEWAY_PORT": str(instance.port), EDGE_PORT_VARIABLE: str(instance.edge_port)}
    return {**kept, **SETTINGS, **ports}


def _wait_until_healthy(process: subprocess.Popen[bytes], instance: Instance) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None:
        if is_healthy(instance):
            return
        if time.monotonic() > give_up_at:
            raise DidNotStart(
                f"MiniStack did not answer on port {instance.port} within {START_SECONDS:g} s. "
                f"{_last_log_lines(instance)}"
            )
        time.sleep(0.05)
    raise DidNotStart(
        f"MiniStack ended with {process.returncode} at its start. {_last_log_lines(instance)}"
    )


def _last_log_lines(instance: Instance) -> str:
    lines = instance.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    shown = (f"  {line}" for line in lines)
    return "\n".join((f"The end of its log, {instance.log}, is:", *shown))


def _is_ministack(pid: int, instance: Instance) -> bool:
    """Return whether a process is alive and was started by `Instance.command`.

    The process ID alone is not enough: after a reboot it may be that of another program.
    """
    if Path("/proc/self/cmdline").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
            return words[:-1] == instance.command()
        return False
    answer = subprocess.run(
        ["/bin/ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    # On macOS the command of a framework's Python begins with another path. Z means a zombie.
    line = answer.stdout.strip()
    return line.endswith(" ".join(instance.command()[1:])) and not line.startswith("Z")


def _wait_until_ended(pid: int, instance: Instance) -> None:
    give_up_at = time.monotonic() + STOP_SECONDS
    while time.monotonic() < give_up_at:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if not _is_ministack(pid, instance):
            return
        time.sleep(0.02)


@contextmanager
def _signals_raise_exit() -> Iterator[None]:
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
