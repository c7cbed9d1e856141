"""Files that only their owner can read: sources, keys and bodies of messages may be confidential.

Other users can write to a folder such as /tmp too: they may have put a symbolic link or a file of
theirs under the name. So a file is always a new one: created under a random name that did not
exist (O_EXCL, mode 0600), then renamed.
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; it replaces an existing file at once."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that replaces `path` when the block ends without an error."""
    refuse_link(path)
    if is_device(path):
        with path.open("wb") as file:
            yield file
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def open_new(path: Path) -> IO[bytes]:
    """Open a file that does not exist yet, for writing and reading; `FileExistsError` if it does.

    O_EXCL does not follow a symbolic link (open(2)).
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, FILE_MODE), "w+b")


def open_instead(path: Path) -> IO[bytes]:
    """Open a new, empty file in place of an existing one, for writing and reading."""
    if is_device(path):
        return path.open("w+b")
    with replacing(path):
        pass
    return os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC), "w+b")


def make_private(path: Path) -> None:
    """Create a file unless it exists, and take away what others may do with it.

    `PermissionError` if it belongs to another user, `OSError` if it is a symbolic link.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner can open, and its parents, unless it exists."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)


def refuse_link(path: Path) -> None:
    """Raise `OSError` for a symbolic link: its target may not be what the operator meant."""
    if path.is_symlink():
        raise FileExistsError(errno.EEXIST, "it is a symbolic link", str(path))


def is_device(path: Path) -> bool:
    """Return whether the path is something like /dev/null or a pipe, which cannot be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()
