"""Uploads the demo's images in the background, while the demo already waits for outcomes."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from scripts.demo.folder import ImageFile

CONCURRENT_UPLOADS = 4


@contextmanager
def uploading(
    upload: Callable[[ImageFile], None], images: Iterable[ImageFile]
) -> Iterator[Callable[[], None]]:
    """Upload in the background; yield a function that raises the error of a failed upload.

    Uploads that have not begun when the block ends are cancelled.
    """
    pool = ThreadPoolExecutor(CONCURRENT_UPLOADS, thread_name_prefix="upload")
    uploads = [pool.submit(upload, image) for image in images]
    try:
        yield partial(_raise_failure, uploads)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _raise_failure(uploads: "Iterable[Future[None]]") -> None:
    for upload in uploads:
        if upload.done():
            upload.result()
