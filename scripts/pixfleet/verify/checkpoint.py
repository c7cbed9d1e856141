"""The checkpoint of an audit: how far it has come, also after `kill -9`.

It is one file, which is replaced at once: a line of JSON, and the bits of the filter of listed
keys. The differences are in a second file beside it, which only grows; what was added after the
last checkpoint is cut off when the audit goes on.
"""

import io
import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.pixfleet.private_files import make_private, replacing
from scripts.pixfleet.verify.bloom_filter import BloomFilter
from scripts.pixfleet.verify.check_result import Kind
from scripts.pixfleet.verify.differences_file import DifferencesFile
from scripts.pixfleet.verify.listings import Position
from shared.model.errors import Misconfigured

SCHEMA = 1
EVERY_SECONDS = 30.0

Counts = Counter[tuple[Kind, str]]


@dataclass(frozen=True, slots=True)
class Saved:
    """What an interrupted audit had done."""

    position: Position
    counts: Counts
    listed: BloomFilter


@dataclass(slots=True)
class AuditCheckpoint:
    """The checkpoint of the audit of `scope`; `every_seconds` is the least time between two."""

    path: Path
    scope: str
    every_seconds: float = EVERY_SECONDS
    saved: Saved | None = None
    _file: io.TextIOWrapper | None = None
    _saved_at: float = field(default_factory=time.monotonic)

    def open(self) -> DifferencesFile:
        """Read the checkpoint if there is one, and open the file of its differences.

        `Misconfigured` if the file is of another audit, or no checkpoint.
        """
        size = 0
        if self.path.exists():
            header, bits = self._read()
            size = int(header["differences_bytes"])
            position = Position(header["after"], header["shards"])
            counts = Counter({(Kind(kind), why): count for kind, why, count in header["counts"]})
            self.saved = Saved(position, counts, BloomFilter.of(bits))
        make_private(self._differences)
        file = self._differences.open("r+b")
        file.truncate(size)
        file.seek(size)
        self._file = io.TextIOWrapper(file, encoding="ascii")
        return DifferencesFile(self._file)

    def save(self, position: Position, counts: Counts, listed: BloomFilter) -> None:
        """Write a checkpoint, unless the last one is young."""
        if time.monotonic() - self._saved_at < self.every_seconds or self._file is None:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        header = {
            "schema": SCHEMA,
            "scope": self.scope,
            "after": position.after,
            "shards": position.shards,
            "counts": [(kind, why, count) for (kind, why), count in counts.items()],
            "differences_bytes": os.fstat(self._file.fileno()).st_size,
        }
        with replacing(self.path) as file:
            file.write(json.dumps(header).encode() + b"\n")
            file.write(listed.data())
        self._saved_at = time.monotonic()

    def close(self) -> None:
        """Close the file of the differences, and keep both files for the next time."""
        if self._file is not None:
            self._file.close()

    def remove(self) -> None:
        """Delete both files: the audit is finished."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._differences.unlink(missing_ok=True)

    @property
    def _differences(self) -> Path:
        return self.path.with_name(f"{self.path.name}.differences")

    def _read(self) -> tuple[Mapping[str, Any], bytes]:
        line, _, bits = self.path.read_bytes().partition(b"\n")
        try:
            header = json.loads(line)
            scope = header["scope"] if header["schema"] == SCHEMA else None
        except (ValueError, TypeError, KeyError) as refused:
            raise Misconfigured(
                f"{self.path} is no checkpoint of verify", ["name another (--checkpoint)"]
            ) from refused
        if scope != self.scope:
            raise Misconfigured(
                f"{self.path} is the checkpoint of another audit",
                [f"expected {self.scope}, got {scope}: name another (--checkpoint), or delete it"],
            )
        return header, bits
