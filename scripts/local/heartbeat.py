"""Prints that a step of minutes goes on."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_SECONDS = 15.0

THREAD = "heartbeat"


@contextmanager
def heartbeat(doing: str, *, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Print on standard error how long the block has run, every `every_seconds`, until it ends."""
    is_done, began = threading.Event(), time.monotonic()

    def run() -> None:
        while not is_done.wait(every_seconds):
            seconds = time.monotonic() - began
            print(f"  … {doing}, {seconds:.0f} s", file=sys.stderr, flush=True)

    thread = threading.Thread(target=run, name=THREAD, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
