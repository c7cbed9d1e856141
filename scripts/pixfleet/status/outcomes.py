"""What the ledger's index tells of the last endings: which, how fast, and why not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.cloud.status_index import StatusEntry, StatusIndex
from shared.model.entry import PUBLISHED, REJECTED, REMOVED

# One request of some 100 KB for each status, however many sources there are.
LOOKED_AT = 1000
SHOWN = 5
WINDOW_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Endings:
    """The newest endings.

    `causes` counts those of the newest `LOOKED_AT` sources that stand as rejected;
    `are_more_rejected` says that there are older ones. `per_second` is over the last
    `WINDOW_SECONDS`; what was found current already is not in it, since nothing was written.
    """

    last: Sequence[StatusEntry]
    causes: Mapping[str, int]
    are_more_rejected: bool
    per_second: float


def endings_of(index: StatusIndex, now: float) -> Endings:
    """Return what the index tells now."""
    by_status = {
        status: index.newest(status, most=LOOKED_AT) for status in (PUBLISHED, REJECTED, REMOVED)
    }
    newest = sorted(
        (each for found in by_status.values() for each in found[:SHOWN]),
        key=lambda each: each.at,
        reverse=True,
    )
    rejected = by_status[REJECTED]
    return Endings(
        last=newest[:SHOWN],
        causes=dict(Counter(each.cause or "-" for each in rejected).most_common()),
        are_more_rejected=len(rejected) >= LOOKED_AT,
        per_second=sum(_per_second(found, now) for found in by_status.values()),
    )


def _per_second(newest_first: Sequence[StatusEntry], now: float) -> float:
    """Return how fast sources came to a status, from as many as were looked at."""
    recent = [each for each in newest_first if each.at > now - WINDOW_SECONDS]
    if not recent:
        return 0.0
    # Where there were more than were looked at, those took less than the window.
    full = len(recent) >= LOOKED_AT
    return len(recent) / (max(1.0, now - recent[-1].at) if full else WINDOW_SECONDS)
