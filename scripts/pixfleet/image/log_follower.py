"""Yields the workers' log lines about one key as they arrive."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.image.logs import LogLine, key_pattern, lines_of
from scripts.pixfleet.stack.access import is_denied, message_and_code

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# Lambda delivers a line some seconds after it was written, and not in order: lines that are so
# much older than the newest one are still looked for.
LATE_SECONDS = 60.0


@dataclass
class LogFollower:
    """Reads the lines about a key from `since` on, in seconds since the epoch, each once.

    `trouble` is why the last look failed, or empty.
    """

    logs: "CloudWatchLogsClient"
    group: str
    key: str
    since: float
    trouble: str = ""
    _yielded: dict[str, float] = field(default_factory=dict)

    def look(self) -> Iterator[LogLine]:
        """Yield the lines that were not yielded before, the oldest of each page first.

        After an outage or a throttled call, the next look yields what this one missed. Raises
        `ClientError` if the call is denied or the log group does not exist.
        """
        self.trouble = ""
        try:
            for page in self._pages():
                new = [
                    each for each in page.get("events", []) if each["eventId"] not in self._yielded
                ]
                self._yielded |= {each["eventId"]: each["timestamp"] / 1000 for each in new}
                yield from sorted(lines_of(new, self.key), key=lambda line: line.at)
        except (ClientError, BotoCoreError) as refused:
            if isinstance(refused, ClientError) and _is_lasting(refused):
                raise
            self.trouble, _ = message_and_code(refused)
            return
        self._move_on()

    def _pages(self) -> Iterator[Any]:
        request: dict[str, Any] = {
            "logGroupName": self.group,
            "startTime": int(self.since * 1000),
            "filterPattern": key_pattern(self.key),
        }
        while True:
            page = self.logs.filter_log_events(**request)
            yield page
            if "nextToken" not in page:
                return
            request["nextToken"] = page["nextToken"]

    def _move_on(self) -> None:
        """Begin the next look where late lines may be, and forget the lines before."""
        # In whole milliseconds, as the timestamps of lines are.
        self.since = int(self.since * 1000) / 1000
        newest = max(self._yielded.values(), default=self.since)
        self.since = max(self.since, newest - LATE_SECONDS)
        self._yielded = {event: at for event, at in self._yielded.items() if at >= self.since}


def _is_lasting(refused: ClientError) -> bool:
    code = refused.response.get("Error", {}).get("Code")
    return is_denied(refused) or code == "ResourceNotFoundException"
