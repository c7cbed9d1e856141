"""Forwards a key to a larger lane, if this lane's render child cannot hold or finish its source.

The claim ends first, then the message goes to the larger lane, then it is acknowledged here. After
a crash in between the message is delivered again, and the same happens again. A message too many
does no harm: it only hints at a key, and the larger lane reads the source as it is by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.cloud.items import Value
from shared.model.errors import Failure, rejection
from shared.model.lanes import exceeds_lane, lane_of_queue, remedy
from shared.settings import Settings
from worker.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """The outcome of a key that a larger lane gets; nothing was published or rejected.

    `queue` is that of the larger lane, `from_lanes` are those that the key has been on, this one
    last, and `why` is the failure here.
    """

    key: str
    queue: str
    from_lanes: tuple[str, ...]
    why: Failure

    @property
    def lane(self) -> str:
        """Return the name of the larger lane."""
        return lane_of_queue(self.queue)


def forward_of(work: Work, failure: Failure, settings: Settings) -> Forward | None:
    """Return where a key goes after a final failure; None if it is rejected.

    No lane gets a key twice, whatever the settings of its worker are.
    """
    queue = settings.larger_lanes.get(work.lane, "")
    been_on = (*work.forwarded_from, work.lane)
    if not queue or lane_of_queue(queue) in been_on or not exceeds_lane(failure):
        return None
    return Forward(work.key, queue, been_on, failure)


def with_remedy(failure: Failure, lane: str) -> Failure:
    """Return the failure of a rejection whose detail also says which setting would accept it.

    The lane is the largest one, or every rejection would be a `Forward`.
    """
    advice = remedy(failure, lane)
    if not advice:
        return failure
    said = rejection(failure.cause, f"{failure.detail} {advice}", stage=failure.stage)
    return said if type(said) is type(failure) else failure


def origin_fields(work: Work) -> Mapping[str, Value]:
    """Return the fact of a ledger entry that its key was forwarded; empty if it was not."""
    return {"forwarded_from": work.forwarded_from[-1]} if work.forwarded_from else {}
