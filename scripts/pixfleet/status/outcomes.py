"""Reads the latest outcomes, their rate and the causes of rejections from the status index."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.cloud.status_index import StatusEntry, StatusIndex
from shared.model.entry import PUBLISHED, REJECTED, REMOVED

# The most entries that are read of one status, in requests of about 100 KB together.
MAX_ENTRIES = 1000
SHOWN = 5
WINDOW_SECONDS = 300.0
MINUTE = 60


@dataclass(frozen=True, slots=True)
class RecentOutcomes:
    """The latest changes of sources to a final status.

    `causes` counts the newest `MAX_ENTRIES` sources whose status is rejected; there are older ones
    if `are_more_rejected`. `per_second` is over those minutes of the last `WINDOW_SECONDS` in
    which a source got a status, 0 unless it was asked for. It leaves out sources that were current
    already, because the worker writes nothing for them.
    """

    latest: Sequence[StatusEntry] = ()
    causes: Mapping[str, int] = field(default_factory=dict)
    are_more_rejected: bool = False
    per_second: float = 0.0


def recent_outcomes(index: StatusIndex, now: float, *, needs_rate: bool) -> RecentOutcomes:
    """Read the newest entries of each status; `now` in seconds since the epoch.

    The rate and the causes need many entries, the latest changes only a few.
    """
    few = MAX_ENTRIES if needs_rate else SHOWN
    most = {PUBLISHED: few, REJECTED: MAX_ENTRIES, REMOVED: few}
    by_status = {status: index.newest(status, most=count) for status, count in most.items()}
    newest = sorted(
        (each for entries in by_status.values() for each in entries[:SHOWN]),
        key=lambda each: each.at,
        reverse=True,
    )
    rejected = by_status[REJECTED]
    return RecentOutcomes(
        latest=newest[:SHOWN],
        causes=dict(Counter(each.cause or "-" for each in rejected).most_common()),
        are_more_rejected=len(rejected) >= MAX_ENTRIES,
        per_second=_per_second(list(by_status.values()), now) if needs_rate else 0.0,
    )


def _per_second(by_status: Sequence[Sequence[StatusEntry]], now: float) -> float:
    """Return how many sources a second reached a status, by the entries that were read."""
    # A list that was cut covers only the time since its oldest entry.
    cut = [entries[-1].at for entries in by_status if len(entries) >= MAX_ENTRIES]
    start = max([now - WINDOW_SECONDS, *cut])
    recent = [each.at for entries in by_status for each in entries if each.at >= start]
    busy_minutes = {int((now - at) // MINUTE) for at in recent}
    seconds = min(len(busy_minutes) * MINUTE, now - start)
    return len(recent) / max(1.0, seconds) if recent else 0.0
