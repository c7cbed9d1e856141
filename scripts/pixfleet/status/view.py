"""A status report for a terminal, as one line, and as a JSON document."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.pixfleet.status.figures import ANSWERED
from scripts.pixfleet.status.outcomes import MAX_ENTRIES, RecentOutcomes
from scripts.pixfleet.status.report import StatusReport
from scripts.pixfleet.terminal.console import Part, Styled
from scripts.pixfleet.terminal.tables import Table, table
from scripts.pixfleet.terminal.text import counted, quoted
from scripts.pixfleet.terminal.times import duration

if TYPE_CHECKING:
    from scripts.pixfleet.status.purges import Purges

COLOURS = {"well": "green", "busy": "green", "trouble": "bold red", "incomplete": "yellow"}


def headline(report: StatusReport) -> str:
    """Return the status in one line, with what to type if something needs a person."""
    troubles = list(report.troubles())
    if not troubles:
        left = f", {_pace(report)}" if report.to_do else ""
        waiting = f"{counted(report.to_do, 'message')} to do" if report.to_do else "nothing to do"
        none = "no dead letters" if report.dead_letters == 0 else "dead letters unknown"
        unread = f"{', '.join(report.unknown)} could not be read; " if report.unknown else ""
        return f"{report.word.capitalize()}: {unread}{waiting}, {none}{left}."
    what = "; ".join(trouble.what for trouble in troubles)
    return f"{report.word.capitalize()}: {what}. Next: {troubles[0].type}"


def view(report: StatusReport) -> Sequence[Part]:
    """Return the parts of a report to print for a person."""
    return (
        Styled(headline(report), COLOURS[report.word]),
        *(Styled(f"Then: {each.type}", "bold") for each in list(report.troubles())[1:]),
        "",
        _lanes(report),
        "",
        _dead_letters(report),
        f"Pace: {_pace(report)}",
        *([] if report.on_demand is None else [_on_demand(report.on_demand)]),
        *([_purges(report.purges)] if report.purges else []),
        "",
        _latest(report),
        *([""] if report.missing else []),
        *(Styled(each.sentence, "yellow") for each in report.missing),
    )


def line(report: StatusReport) -> str:
    """Return a report as one line of a log."""
    lanes = ", ".join(
        f"{name} {depth.waiting} waiting {depth.in_flight} in flight {depth.delayed} delayed"
        for name, depth in report.lanes.items()
    )
    return f"{_moment(report.at)} {headline(report)} ({lanes})"


def document(report: StatusReport) -> Mapping[str, object]:
    """Return a report as its JSON document; what could not be read is null or missing."""
    outcomes = report.outcomes or RecentOutcomes()
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
                **_forwarding(report, name),
            }
            for name, depth in report.lanes.items()
        },
        "dead_letters": report.dead_letters,
        "rejected": {
            "causes": outcomes.causes,
            "are_more": outcomes.are_more_rejected,
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
            for each in outcomes.latest
        ],
        "on_demand": report.on_demand,
        "purges": asdict(report.purges) if report.purges else None,
        "alarms_on": [alarm.name for alarm in report.alarms or () if alarm.is_on],
        "unseen": [each.sentence for each in report.missing],
        "missing": [asdict(each) for each in report.missing],
    }


def _lanes(report: StatusReport) -> Table:
    rows = [
        (
            name,
            depth.waiting,
            depth.in_flight,
            depth.delayed,
            duration(oldest) if (oldest := report.oldest_seconds.get(name)) is not None else "-",
            *([_forwarded(report, name)] if report.larger else []),
        )
        for name, depth in report.lanes.items()
    ]
    further = ["forwarded"] if report.larger else []
    return table("lane", "waiting", "in flight", "delayed", "oldest", *further, rows=rows)


def _forwarded(report: StatusReport, lane: str) -> str:
    """Return how many sources a lane has left to its larger lane in the last minutes."""
    if lane not in report.larger:
        return "-"
    return f"{report.forwarded.get(lane, 0):,} to {report.larger[lane]}"


def _forwarding(report: StatusReport, lane: str) -> Mapping[str, object]:
    if lane not in report.larger:
        return {}
    return {"larger": report.larger[lane], "forwarded": report.forwarded.get(lane, 0)}


def _dead_letters(report: StatusReport) -> str:
    waiting = "unknown" if report.dead_letters is None else f"{report.dead_letters:,}"
    if (outcomes := report.outcomes) is None:
        return f"Dead letters: {waiting}. Rejected: unknown."
    causes = ", ".join(f"{quoted(cause)} {count}" for cause, count in outcomes.causes.items())
    how_many = f"the newest {MAX_ENTRIES:,}" if outcomes.are_more_rejected else "all"
    rejected = f"Rejected in the ledger ({how_many}): {causes}" if causes else "None rejected"
    return f"Dead letters: {waiting}. {rejected}."


def _pace(report: StatusReport) -> str:
    if not report.per_second:
        if report.outcomes is None:
            return "unknown"
        return "no source processed in the last five minutes"
    pace = f"{report.per_second:.2f} sources/s"
    left = report.seconds_left
    until = f", {duration(left)} left" if left is not None else ""
    return f"{pace} by {report.rate_is_from}{until}"


def _on_demand(counts: Mapping[str, int]) -> str:
    answered = [f"{counts[name]:,} {name}" for name in ANSWERED if counts.get(name)]
    if not answered:
        return "On demand: no request reached the renderer in the last five minutes."
    stored = [f"{counts.get('on_demand_stores', 0):,} stored"]
    if refused := counts.get("stores_refused"):
        stored.append(f"{refused:,} not stored")
    shown = f"On demand: {', '.join(answered)} in the last five minutes; {', '.join(stored)}."
    return f"{shown} The edge cannot read the bucket." if counts.get("edge_blind") else shown


def _purges(purges: "Purges") -> str:
    waiting = counted(purges.waiting, "message")
    spent = f"{purges.paths_spent:,} of the month's {purges.monthly_paths:,} paths spent"
    shown = f"Purges: {spent}, {waiting} waiting."
    if not purges.is_budget_spent:
        return shown
    return f"{shown} The budget is spent: removed pictures are seen for six minutes at most."


def _latest(report: StatusReport) -> Table | str:
    if report.outcomes is None:
        return "The latest outcomes are unknown."
    if not report.outcomes.latest:
        return "No source has been processed yet."
    rows = [
        (f"{duration(report.at - each.at)} ago", each.status, each.cause or None, each.key)
        for each in report.outcomes.latest
    ]
    return table("when", "status", "cause", "key", rows=rows)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
