"""A report as a person reads it, as a line, and as a document."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from scripts.pixfleet.status.outcomes import LOOKED_AT
from scripts.pixfleet.status.report import Report
from scripts.pixfleet.terminal.console import table
from scripts.pixfleet.terminal.text import counted
from scripts.pixfleet.terminal.times import duration

COLOURS = {"well": "green", "busy": "green", "trouble": "bold red"}


def headline(report: Report) -> str:
    """Return the one line that says whether all is well, and what to type if not."""
    found = list(report.troubles())
    if not found:
        left = f", {_pace(report)}" if report.to_do else ""
        waiting = f"{counted(report.to_do, 'message')} to do" if report.to_do else "nothing to do"
        return f"{report.word.capitalize()}: {waiting}, no dead letters{left}."
    told = "; ".join(trouble.what for trouble in found)
    return f"{report.word.capitalize()}: {told}. Next: {found[0].type}"


def shown(report: Report) -> Sequence[RenderableType]:
    """Return all of a report for a person, part by part."""
    return (
        Text(headline(report), style=COLOURS[report.word], overflow="fold"),
        *(Text(f"Then: {each.type}", style="bold") for each in list(report.troubles())[1:]),
        Text(),
        _lanes(report),
        Text(),
        Text(_dead_letters(report), overflow="fold"),
        Text(f"Pace: {_pace(report)}"),
        Text(),
        _last(report),
        *(Text(each, style="dim") for each in report.unseen),
    )


def line(report: Report) -> str:
    """Return a report as one line, for a log."""
    lanes = ", ".join(
        f"{name} {depth.waiting} waiting {depth.in_flight} in flight {depth.delayed} delayed"
        for name, depth in report.lanes.items()
    )
    return f"{_moment(report.at)} {headline(report)} ({lanes})"


def document(report: Report) -> Mapping[str, object]:
    """Return a report for a program."""
    return {
        "at": _moment(report.at),
        "word": report.word,
        "troubles": [{"what": each.what, "type": each.type} for each in report.troubles()],
        "lanes": {
            name: {
                "waiting": depth.waiting,
                "in_flight": depth.in_flight,
                "delayed": depth.delayed,
                "oldest_seconds": report.oldest_seconds.get(name),
            }
            for name, depth in report.lanes.items()
        },
        "dead_letters": report.dead_letters,
        "rejected": {
            "causes": report.endings.causes,
            "are_more": report.endings.are_more_rejected,
        },
        "per_second": report.per_second,
        "rate_is_from": report.rate_is_from,
        "seconds_left": report.seconds_left,
        "last": [
            {
                "key": each.key,
                "status": each.status,
                "cause": each.cause or None,
                "at": _moment(each.at),
            }
            for each in report.endings.last
        ],
        "alarms_on": [alarm.name for alarm in report.alarms if alarm.is_on],
        "unseen": list(report.unseen),
    }


def _lanes(report: Report) -> Table:
    rows = [
        (
            name,
            depth.waiting,
            depth.in_flight,
            depth.delayed,
            duration(oldest) if (oldest := report.oldest_seconds.get(name)) is not None else "-",
        )
        for name, depth in report.lanes.items()
    ]
    return table("lane", "waiting", "in flight", "delayed", "oldest", rows=rows)


def _dead_letters(report: Report) -> str:
    endings = report.endings
    causes = ", ".join(f"{cause} {count}" for cause, count in endings.causes.items())
    how_many = f"the newest {LOOKED_AT:,}" if endings.are_more_rejected else "all"
    rejected = f"Rejected in the ledger ({how_many}): {causes}" if causes else "None rejected"
    return f"Dead letters: {report.dead_letters:,}. {rejected}."


def _pace(report: Report) -> str:
    if not report.per_second:
        return "nothing ended in the last five minutes"
    pace = f"{report.per_second:.2f} sources/s"
    left = report.seconds_left
    until = f", {duration(left)} left" if left is not None else ""
    return f"{pace} by {report.rate_is_from}{until}"


def _last(report: Report) -> Table | Text:
    if not report.endings.last:
        return Text("Nothing has ended yet.")
    rows = [
        (f"{duration(report.at - each.at)} ago", each.status, each.cause or None, each.key)
        for each in report.endings.last
    ]
    return table("ended", "as", "cause", "key", rows=rows)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
