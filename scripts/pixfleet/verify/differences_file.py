"""Keeps differences on disk: they may be as many as there are keys."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scripts.pixfleet.verify.difference import Kind, Mend, Verdict
from shared.model.errors import Misconfigured


class Spool:
    """A file of JSON lines, one a difference: written to its end, then read."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def add(self, verdict: Verdict) -> None:
        """Write one difference."""
        line = {
            "key": verdict.key,
            "kind": verdict.kind,
            "reason": verdict.reason,
            "mend": verdict.mend,
            "names": verdict.names,
        }
        self._file.write(json.dumps(line, ensure_ascii=True) + "\n")

    def __iter__(self) -> Iterator[Verdict]:
        self._file.seek(0)
        for line in self._file:
            read = json.loads(line)
            yield Verdict(
                read["key"],
                Kind(read["kind"]),
                read["reason"],
                Mend(read["mend"]),
                tuple(read["names"]),
            )


@contextmanager
def opened_spool(report: Path | None) -> Iterator[Spool]:
    """Open the report that was asked for, or else a file that is gone afterwards."""
    if report is None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
            yield Spool(file)
        return
    try:
        file = report.open("w+", encoding="utf-8")
    except OSError as refused:
        raise Misconfigured(
            f"{report} cannot be written", [f"{refused.strerror}: name another --report"]
        ) from refused
    with file:
        yield Spool(file)
