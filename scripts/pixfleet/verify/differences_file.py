"""Keeps differences on disk, since there may be as many as there are keys."""

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scripts.pixfleet.private_files import open_instead
from scripts.pixfleet.verify.check_result import CheckResult, Kind, RepairAction
from shared.model.errors import Misconfigured


class DifferencesFile:
    """A file of JSON Lines, one line for each difference: first written, then read."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def add(self, result: CheckResult) -> None:
        """Write one difference."""
        line = {
            "key": result.key,
            "kind": result.kind,
            "reason": result.reason,
            "mend": result.action,
            "names": result.names,
        }
        self._file.write(json.dumps(line, ensure_ascii=True) + "\n")

    def __iter__(self) -> Iterator[CheckResult]:
        self._file.seek(0)
        for line in self._file:
            read = json.loads(line)
            yield CheckResult(
                read["key"],
                Kind(read["kind"]),
                read["reason"],
                RepairAction(read["mend"]),
                tuple(read["names"]),
            )


@contextmanager
def open_differences_file(report: Path | None) -> Iterator[DifferencesFile]:
    """Open the report, or a temporary file if no report was asked for."""
    if report is None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
            yield DifferencesFile(file)
        return
    try:
        file = io.TextIOWrapper(open_instead(report), encoding="ascii")
    except OSError as error:
        raise Misconfigured(
            f"{report} cannot be written", [f"{error.strerror}: name another --report"]
        ) from error
    with file:
        yield DifferencesFile(file)
