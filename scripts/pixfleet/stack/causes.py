"""Who can fix a cause, and whether a redrive of its messages can help."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from scripts.pixfleet.stack.dead_letters import NO_CAUSE, UNDELIVERED
from shared.model.errors import Cause, Outside, Permanent


class FixedBy(StrEnum):
    """Who can fix a cause, in the order in which an operator should look.

    `OPERATOR` is who runs the stack, `OWNER` is who owns the picture.
    """

    AWS = "AWS"
    OPERATOR = "operator"
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
    fixed_by: FixedBy
    redrive_helps: RedriveHelps
    is_outside: bool = False
    is_of_source: bool = False

    @property
    def rank(self) -> int:
        """Return 0 for what every image meets, 1 for what is ours, 2 for the owners' images."""
        return 0 if self.is_outside else 1 if self.fixed_by is not FixedBy.OWNER else 2


_OVER, _CHANGE, _NEVER = RedriveHelps
_CAUSES: Mapping[str, tuple[FixedBy, RedriveHelps]] = {
    Cause.LEDGER_UNAVAILABLE: (FixedBy.AWS, _OVER),
    Cause.STORAGE_UNAVAILABLE: (FixedBy.AWS, _OVER),
    Cause.THROTTLED: (FixedBy.AWS, _OVER),
    NO_CAUSE: (FixedBy.OPERATOR, _CHANGE),
    UNDELIVERED: (FixedBy.OPERATOR, _CHANGE),
    Cause.ACCESS_DENIED: (FixedBy.OPERATOR, _CHANGE),
    Cause.BAD_MESSAGE: (FixedBy.OPERATOR, _NEVER),
    Cause.CLAIMED: (FixedBy.OPERATOR, _OVER),
    Cause.CLAIM_LOST: (FixedBy.OPERATOR, _OVER),
    Cause.DEADLINE: (FixedBy.OPERATOR, _OVER),
    Cause.DECODER_CRASH: (FixedBy.OPERATOR, _CHANGE),
    Cause.DECODE_TIMEOUT: (FixedBy.OPERATOR, _CHANGE),
    Cause.ONLY_AT_UPLOAD: (FixedBy.OPERATOR, _NEVER),
    Cause.RENDER_UNAVAILABLE: (FixedBy.OPERATOR, _CHANGE),
    Cause.SOURCE_CHANGED: (FixedBy.OPERATOR, _OVER),
    Cause.SOURCE_SLOW: (FixedBy.OPERATOR, _OVER),
    Cause.UNKNOWN: (FixedBy.OPERATOR, _CHANGE),
    Cause.UNKNOWN_SCHEMA: (FixedBy.OPERATOR, _CHANGE),
    Cause.WATERMARK_UNUSABLE: (FixedBy.OPERATOR, _CHANGE),
    Cause.BAD_FOCAL: (FixedBy.OWNER, _NEVER),
    Cause.CORRUPT: (FixedBy.OWNER, _NEVER),
    Cause.NOT_AN_IMAGE: (FixedBy.OWNER, _NEVER),
    Cause.OWN_OUTPUT: (FixedBy.OWNER, _NEVER),
    Cause.SOURCE_ARCHIVED: (FixedBy.OWNER, _CHANGE),
    Cause.SOURCE_ENCRYPTED: (FixedBy.OWNER, _NEVER),
    # A higher limit, another recipe or the extra for HEIC changes these.
    Cause.TOO_COSTLY: (FixedBy.OWNER, _CHANGE),
    Cause.TOO_MANY_BYTES: (FixedBy.OWNER, _CHANGE),
    Cause.TOO_MANY_PIXELS: (FixedBy.OWNER, _CHANGE),
    Cause.UNKNOWN_RECIPE: (FixedBy.OWNER, _CHANGE),
    Cause.UNSUPPORTED_FORMAT: (FixedBy.OWNER, _CHANGE),
    Cause.TOO_MANY_FRAMES: (FixedBy.OWNER, _NEVER),
    Cause.TRUNCATED: (FixedBy.OWNER, _NEVER),
    Cause.UNSUPPORTED_KEY: (FixedBy.OWNER, _NEVER),
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
        cause: CauseFacts(cause, fixed_by, helps, cause in _OUTSIDE, cause in _OF_SOURCE)
        for cause, (fixed_by, helps) in _CAUSES.items()
    }
)


def facts_of(cause: str) -> CauseFacts:
    """Return the facts of a cause; one that this version does not know is ours to look at."""
    return CAUSES.get(cause) or CauseFacts(cause, FixedBy.OPERATOR, RedriveHelps.AFTER_A_CHANGE)
