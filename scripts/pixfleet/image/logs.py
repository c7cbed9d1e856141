"""Finds the workers' log lines about one key, in a bounded number of calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.stack.access import why_refused

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# CloudWatch reads about 1 MB of log for each page, so an empty page may not be the last.
MAX_PAGES = 30
MAX_LINES = 20
FIELDS = (
    "outcome",
    "cause",
    "stage",
    "detail",
    "forwarded_to",
    "lane",
    "receive_count",
    "request_id",
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line about the key; `timings` are its numeric fields that end in `_seconds`."""

    at: datetime
    event: str
    facts: dict[str, object]
    timings: dict[str, float]


@dataclass(frozen=True, slots=True)
class KeyLog:
    """The lines found, oldest first; `note` says why lines are missing, or is empty."""

    lines: tuple[LogLine, ...] = ()
    note: str = ""


def read_logs(
    logs: "CloudWatchLogsClient", groups: Sequence[str], key: str, *, since: float
) -> KeyLog:
    """Return the lines about a key in the logs of all workers, like `read_log`."""
    found = [read_log(logs, group, key, since=since) for group in groups or ("",)]
    lines = [line for each in found for line in each.lines]
    return _log(lines, " ".join(dict.fromkeys(each.note for each in found if each.note)))


def read_log(logs: "CloudWatchLogsClient", group: str, key: str, *, since: float) -> KeyLog:
    """Return the lines about a key from `since` on, in seconds since the epoch.

    An error of AWS becomes the `note`.
    """
    if not group:
        return KeyLog(note="This stack has no log group: the worker logs to its standard output.")
    lines: list[LogLine] = []
    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": int(since * 1000),
        "filterPattern": key_pattern(key),
    }
    try:
        for _ in range(MAX_PAGES):
            response = logs.filter_log_events(**request)
            lines += lines_of(response.get("events", []), key)
            if "nextToken" not in response:
                return _log(lines, "")
            request["nextToken"] = response["nextToken"]
    except (ClientError, BotoCoreError) as error:
        return _log(lines, f"The log could not be read: {why_refused(error)[0]}")
    return _log(lines, "The log is long: only its beginning was searched.")


def _log(lines: Sequence[LogLine], note: str) -> KeyLog:
    ordered = sorted(lines, key=lambda line: line.at)
    left_out = (
        f"Only the last {MAX_LINES} of {len(ordered)} lines." if len(ordered) > MAX_LINES else ""
    )
    return KeyLog(tuple(ordered[-MAX_LINES:]), " ".join(filter(None, (note, left_out))))


def key_pattern(key: str) -> str:
    """Return the filter pattern of CloudWatch Logs for the lines about a key."""
    return f"{{ $.key = {_quoted(key)} }}"


def lines_of(events: Sequence[Any], key: str) -> list[LogLine]:
    """Return the lines of this key only: `*` in a filter pattern also matches other keys."""
    lines = []
    for event in events:
        try:
            fields = json.loads(event.get("message", ""))
        except ValueError:
            continue
        if not isinstance(fields, dict) or fields.get("key") != key:
            continue
        lines.append(
            LogLine(
                at=datetime.fromtimestamp(event.get("timestamp", 0) / 1000, UTC),
                event=str(fields.get("event", "")),
                facts={name: fields[name] for name in FIELDS if name in fields},
                timings={
                    name: value
                    for name, value in fields.items()
                    if name.endswith("_seconds") and isinstance(value, int | float)
                },
            )
        )
    return lines


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
