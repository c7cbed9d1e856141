"""The report of a run over a folder: each file without pictures, and each deletion, with why."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.backfill.deletions import Deletions
from scripts.pixfleet.private_files import replacing
from shared.model.errors import Misconfigured


def write_report(path: Path, checkpoint: Checkpoint, deletions: Deletions | None) -> None:
    """Write the report as JSON Lines; `Misconfigured` if the file cannot be written."""
    write_lines(path, _lines(checkpoint, deletions))


def write_lines(path: Path, documents: Iterable[Mapping[str, object]]) -> None:
    """Write JSON Lines to a file that only its owner can read.

    `Misconfigured` if it cannot be written.
    """
    try:
        with replacing(path) as file:
            for each in documents:
                file.write(json.dumps(each, ensure_ascii=True).encode() + b"\n")
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be written", [f"{error.strerror}: name another --report"]
        ) from error


def _lines(checkpoint: Checkpoint, deletions: Deletions | None) -> Iterator[Mapping[str, object]]:
    for name, reason in checkpoint.left_out():
        yield {"file": name, "outcome": reason.value}
    for key, outcome, cause in checkpoint.not_made():
        yield {"key": key, "outcome": outcome.value, "cause": cause}
    if deletions is None:
        return
    for key, kept in deletions.plan.kept_keys():
        yield {"key": key, "outcome": "kept", "reason": kept.value}
    for result in deletions.plan.results():
        yield {"key": result.key, "outcome": result.outcome.value, "marker": result.marker}
