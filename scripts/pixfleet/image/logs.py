"""Finds what the workers' log says of one key, as far as that can be had quickly."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# A page may be empty and still not the last: CloudWatch reads about 1 MB of log for each.
MOST_PAGES = 30
MOST_LINES = 20
FIELDS = ("outcome", "cause", "stage", "detail", "lane", "receive_count", "request_id")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line about the key; `timings` are its figures that end in `_seconds`."""

    at: datetime
    event: str
    facts: dict[str, object]
    timings: dict[str, float]


@dataclass(frozen=True, slots=True)
class Log:
    """What was found, oldest first; `note` says why that may not be all."""

    lines: tuple[LogLine, ...] = ()
    note: str = ""


def read_log(logs: "CloudWatchLogsClient", group: str, key: str, *, since: float) -> Log:
    """Return the lines about a key from that time on (seconds since the epoch). Never raises."""
    if not group:
        return Log(note="This stack has no log group: look where its worker writes.")
    lines: list[LogLine] = []
    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": int(since * 1000),
        "filterPattern": f"{{ $.key = {_quoted(key)} }}",
    }
    try:
        for _ in range(MOST_PAGES):
            answer = logs.filter_log_events(**request)
            lines += _read(answer.get("events", []), key)
            if "nextToken" not in answer:
                return _log(lines, "")
            request["nextToken"] = answer["nextToken"]
    except (ClientError, BotoCoreError) as refused:
        return _log(lines, f"The log could not be read: {refused}")
    return _log(lines, "The log is long: this is only what was found in its beginning.")


def _log(lines: Sequence[LogLine], note: str) -> Log:
    ordered = sorted(lines, key=lambda line: line.at)
    left_out = (
        f"Only the last {MOST_LINES} of {len(ordered)} lines." if len(ordered) > MOST_LINES else ""
    )
    return Log(tuple(ordered[-MOST_LINES:]), " ".join(filter(None, (note, left_out))))


def _read(events: Sequence[Any], key: str) -> list[LogLine]:
    """Return the lines that truly are of the key: in a pattern, `*` stands for anything."""
    found = []
    for event in events:
        try:
            fields = json.loads(event.get("message", ""))
        except ValueError:
            continue
        if not isinstance(fields, dict) or fields.get("key") != key:
            continue
        found.append(
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
    return found


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
