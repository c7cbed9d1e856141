"""Whose turn it is for a cause, and whether sending its messages back can help."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from scripts.pixfleet.stack.dead_letters import NO_CAUSE, UNDELIVERED
from shared.model.errors import Cause, Outside, Permanent


class Turn(StrEnum):
    """Who has to do something, in the order in which an operator should look."""

    AWS = "AWS"
    US = "us"
    OWNER = "owner"


class RedriveHelps(StrEnum):
    """When a redrive can help.

    It never helps where the source itself must be replaced: the upload of another one sends its
    own event.
    """

    WHEN_OVER = "when it is over"
    AFTER_A_CHANGE = "after a change"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class CauseFacts:
    """What an operator should know of a cause.

    `is_outside` means that every image would have failed: the images have no part in it. With
    `is_of_source` the bytes of the source itself are the reason, so they will fail again.
    """

    cause: str
    turn: Turn
    redrive_helps: RedriveHelps
    is_outside: bool = False
    is_of_source: bool = False

    @property
    def rank(self) -> int:
        """Return 0 for what every image meets, 1 for what is ours, 2 for the owners' images."""
        return 0 if self.is_outside else 1 if self.turn is not Turn.OWNER else 2


_OVER, _CHANGE, _NEVER = RedriveHelps
_TURNS: Mapping[str, tuple[Turn, RedriveHelps]] = {
    Cause.LEDGER_UNAVAILABLE: (Turn.AWS, _OVER),
    Cause.STORAGE_UNAVAILABLE: (Turn.AWS, _OVER),
    Cause.THROTTLED: (Turn.AWS, _OVER),
    NO_CAUSE: (Turn.US, _CHANGE),
    UNDELIVERED: (Turn.US, _CHANGE),
    Cause.ACCESS_DENIED: (Turn.US, _CHANGE),
    Cause.BAD_MESSAGE: (Turn.US, _NEVER),
    Cause.CLAIMED: (Turn.US, _OVER),
    Cause.CLAIM_LOST: (Turn.US, _OVER),
    Cause.DEADLINE: (Turn.US, _OVER),
    Cause.DECODER_CRASH: (Turn.US, _CHANGE),
    Cause.DECODE_TIMEOUT: (Turn.US, _CHANGE),
    Cause.ONLY_AT_UPLOAD: (Turn.US, _NEVER),
    Cause.RENDER_UNAVAILABLE: (Turn.US, _CHANGE),
    Cause.SOURCE_CHANGED: (Turn.US, _OVER),
    Cause.SOURCE_SLOW: (Turn.US, _OVER),
    Cause.UNKNOWN: (Turn.US, _CHANGE),
    Cause.UNKNOWN_SCHEMA: (Turn.US, _CHANGE),
    Cause.WATERMARK_UNUSABLE: (Turn.US, _CHANGE),
    Cause.BAD_FOCAL: (Turn.OWNER, _NEVER),
    Cause.CORRUPT: (Turn.OWNER, _NEVER),
    Cause.NOT_AN_IMAGE: (Turn.OWNER, _NEVER),
    Cause.OWN_OUTPUT: (Turn.OWNER, _NEVER),
    Cause.SOURCE_ARCHIVED: (Turn.OWNER, _CHANGE),
    Cause.SOURCE_ENCRYPTED: (Turn.OWNER, _NEVER),
    # A higher limit, another recipe or the extra for HEIC changes these.
    Cause.TOO_COSTLY: (Turn.OWNER, _CHANGE),
    Cause.TOO_MANY_BYTES: (Turn.OWNER, _CHANGE),
    Cause.TOO_MANY_PIXELS: (Turn.OWNER, _CHANGE),
    Cause.UNKNOWN_RECIPE: (Turn.OWNER, _CHANGE),
    Cause.UNSUPPORTED_FORMAT: (Turn.OWNER, _CHANGE),
    Cause.TOO_MANY_FRAMES: (Turn.OWNER, _NEVER),
    Cause.TRUNCATED: (Turn.OWNER, _NEVER),
    Cause.UNSUPPORTED_KEY: (Turn.OWNER, _NEVER),
}
# An image that crashes a render child is permanent, too, but the fault is ours.
_OF_SOURCE = frozenset(kind.cause for kind in Permanent.__subclasses__()) - {Cause.BAD_MESSAGE}
_OUTSIDE = frozenset(kind.cause for kind in Outside.__subclasses__()) | {
    NO_CAUSE,
    UNDELIVERED,
    Cause.WATERMARK_UNUSABLE,
}
CAUSES: Mapping[str, CauseFacts] = MappingProxyType(
    {
        cause: CauseFacts(cause, turn, helps, cause in _OUTSIDE, cause in _OF_SOURCE)
        for cause, (turn, helps) in _TURNS.items()
    }
)


def facts_of(cause: str) -> CauseFacts:
    """Return the facts of a cause; one that this version does not know is ours to look at."""
    return CAUSES.get(cause) or CauseFacts(cause, Turn.US, RedriveHelps.AFTER_A_CHANGE)
