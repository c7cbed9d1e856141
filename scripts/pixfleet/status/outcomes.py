"""Reads the latest outcomes, their rate and the causes of rejections from the status index."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.cloud.status_index import StatusEntry, StatusIndex
from shared.model.entry import PUBLISHED, REJECTED, REMOVED

# The most entries that are read of each status, in one request of about 100 KB.
MAX_ENTRIES = 1000
SHOWN = 5
WINDOW_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RecentOutcomes:
    """The latest changes of sources to a final status.

    `causes` counts the newest `MAX_ENTRIES` sources whose status is rejected; there are older ones
    if `are_more_rejected`. `per_second` is over the last `WINDOW_SECONDS`. It leaves out sources
    that were current already, because the worker writes nothing for them.
    """

    latest: Sequence[StatusEntry]
    causes: Mapping[str, int]
    are_more_rejected: bool
    per_second: float


def recent_outcomes(index: StatusIndex, now: float) -> RecentOutcomes:
    """Read the newest entries of each status; `now` in seconds since the epoch."""
    by_status = {
        status: index.newest(status, most=MAX_ENTRIES) for status in (PUBLISHED, REJECTED, REMOVED)
    }
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
        per_second=sum(_per_second(entries, now) for entries in by_status.values()),
    )


def _per_second(newest_first: Sequence[StatusEntry], now: float) -> float:
    """Return how many sources a second reached a status, by the entries that were read."""
    recent = [each for each in newest_first if each.at > now - WINDOW_SECONDS]
    if not recent:
        return 0.0
    # If more entries are in the window than were read, those that were read took less time.
    is_cut = len(recent) >= MAX_ENTRIES
    return len(recent) / (max(1.0, now - recent[-1].at) if is_cut else WINDOW_SECONDS)
