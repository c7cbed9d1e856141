"""Runs `pixfleet console` as a process, for a stack of the local AWS."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.local.stack import LocalStack

INTERRUPTED = 130
END_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ConsoleProcess:
    """A running console: the address that works once, and the id of its process."""

    url: str
    pid: int


@contextmanager
def served(stack: LocalStack, folder: Path) -> Iterator[ConsoleProcess]:
    """Run `pixfleet console --act` in a folder, and end it by Ctrl-C."""
    words = ("console", "--act", "--no-open", "--json", "--endpoint-url", stack.endpoint_url)
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.pixfleet.cli", *words, "--stack", stack.prefix],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        document = ""
        while not document.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the console ended"
            document += line
        yield ConsoleProcess(str(json.loads(document)["url"]), process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == INTERRUPTED, "Ctrl-C ends the console"


def environment() -> Mapping[str, str]:
    """Return the environment of a command on the local AWS."""
    root = str(Path(__file__).parents[2])
    settings = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return os.environ | settings | {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": root}
