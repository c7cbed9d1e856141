"""Puts the demo's sources into their bucket while the demo already watches the fleet."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from scripts.demo.folder import Drop

UPLOADS_AT_ONCE = 4


@contextmanager
def uploading(put: Callable[[Drop], None], drops: Iterable[Drop]) -> Iterator[Callable[[], None]]:
    """Upload in the background; give a function that raises what an upload has raised.

    Uploads that have not begun when the block ends are given up.
    """
    pool = ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload")
    uploads = [pool.submit(put, drop) for drop in drops]
    try:
        yield partial(_require, uploads)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _require(uploads: "Iterable[Future[None]]") -> None:
    for upload in uploads:
        if upload.done():
            upload.result()
