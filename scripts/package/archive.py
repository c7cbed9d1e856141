"""Writes a reproducible zip: its bytes depend on file names and contents only."""

import stat
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from scripts.package.contents import Files

# The earliest time that a zip can store.
TIME = (1980, 1, 1, 0, 0, 0)
# Lambda reads the files as another user than their owner.
READABLE_BY_ALL = stat.S_IFREG | 0o644
UNIX = 3
LEVEL = 6


def zipped(files: Files) -> bytes:
    """Return the bytes of a zip of the files."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = ZipInfo(name, TIME)
            entry.create_system = UNIX
            entry.external_attr = READABLE_BY_ALL << 16
            archive.writestr(entry, files[name], ZIP_DEFLATED, LEVEL)
    return buffer.getvalue()


def contents_digest(files: Files) -> str:
    """Return a SHA-256 over names and contents, which does not depend on the version of zlib."""
    digest = sha256()
    for name in sorted(files):
        digest.update(f"{sha256(files[name]).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()
