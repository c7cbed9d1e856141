"""All errors: the closed list of causes, and which failures are permanent or transient.

A failure's class says what happens to its message: a `Permanent` one goes to the dead-letter queue
at once, since the same bytes will fail again; a `Transient` one goes back to its queue with a
back-off. Of the transient ones, a `PoisonSuspect` is permanent the second time, and an `Outside`
one is not the image's fault.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Self

# The longest detail, which may quote a decoder or AWS, in dead letters and events.
MAX_DETAIL_CHARS = 500


class Cause(StrEnum):
    """Why a record failed: the same value in the ledger, dead letters, metrics and logs."""

    ACCESS_DENIED = "access_denied"
    BAD_FOCAL = "bad_focal"
    BAD_MESSAGE = "bad_message"
    CLAIMED = "claimed"
    CLAIM_LOST = "claim_lost"
    CORRUPT = "corrupt"
    DEADLINE = "deadline"
    DECODER_CRASH = "decoder_crash"
    DECODE_TIMEOUT = "decode_timeout"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    NOT_AN_IMAGE = "not_an_image"
    ONLY_AT_UPLOAD = "only_at_upload"
    OWN_OUTPUT = "own_output"
    RENDER_UNAVAILABLE = "render_unavailable"
    SOURCE_ARCHIVED = "source_archived"
    SOURCE_CHANGED = "source_changed"
    SOURCE_ENCRYPTED = "source_encrypted"
    SOURCE_SLOW = "source_slow"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    THROTTLED = "throttled"
    TOO_COSTLY = "too_costly"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_FRAMES = "too_many_frames"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"
    UNKNOWN = "unknown"
    UNKNOWN_RECIPE = "unknown_recipe"
    UNKNOWN_SCHEMA = "unknown_schema"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_KEY = "unsupported_key"
    WATERMARK_UNUSABLE = "watermark_unusable"


class PixfleetError(Exception):
    """The base class of all errors that this project raises."""


class Misconfigured(PixfleetError):
    """Settings or recipes that cannot be used; `problems` holds every problem found."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the lines of the message."""
        return (f"{self.what}:", *(f"  - {problem}" for problem in self.problems))


class Failure(PixfleetError):
    """The failure of one record; the other records of its batch go on.

    `detail` is a sentence of the form "Expected X, got Y.", `stage` is the step that failed.
    """

    cause: ClassVar[Cause]
    is_permanent = False
    stage: str = ""

    def __init__(self, detail: str, *, stage: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.stage = stage

    def __str__(self) -> str:
        return f"{self.cause}: {self.detail}"


class Permanent(Failure):
    """The same bytes will fail again, so the message goes to the dead-letter queue at once."""

    is_permanent = True


class Transient(Failure):
    """May succeed later: the message is retried after `retry_after_seconds` or a back-off."""

    retry_after_seconds: float | None = None


class Outside(Transient):
    """Something that every image needs did not work; the image has no part in it."""


class BadFocal(Permanent):
    """The focal point in a source's metadata is invalid."""

    cause = Cause.BAD_FOCAL


class BadMessage(Permanent):
    """A message body has none of the known forms."""

    cause = Cause.BAD_MESSAGE


class Corrupt(Permanent):
    """An image has a valid header and damaged pixel data."""

    cause = Cause.CORRUPT


class NotAnImage(Permanent):
    """The first bytes match no image format."""

    cause = Cause.NOT_AN_IMAGE


class OwnOutput(Permanent):
    """A source is a variant that Pixfleet made: rendering it would never end."""

    cause = Cause.OWN_OUTPUT


class SourceEncrypted(Permanent):
    """A source is encrypted with a key that only its owner has (SSE-C), so S3 cannot return it."""

    cause = Cause.SOURCE_ENCRYPTED


class TooCostly(Permanent):
    """An image needs more memory or time than a render child may take."""

    cause = Cause.TOO_COSTLY


class TooManyBytes(Permanent):
    """A source is over the byte limit."""

    cause = Cause.TOO_MANY_BYTES


class TooManyFrames(Permanent):
    """An animation is over the frame limit."""

    cause = Cause.TOO_MANY_FRAMES


class TooManyPixels(Permanent):
    """An image is over the pixel limit; the pixels of all frames count."""

    cause = Cause.TOO_MANY_PIXELS


class Truncated(Permanent):
    """An image file ends too early."""

    cause = Cause.TRUNCATED


class UnknownRecipe(Permanent):
    """A source's metadata names a recipe that does not exist."""

    cause = Cause.UNKNOWN_RECIPE


class UnsupportedFormat(Permanent):
    """An image has a known format that is not rendered."""

    cause = Cause.UNSUPPORTED_FORMAT


class UnsupportedKey(Permanent):
    """A source key has no variant key that is safe and short enough."""

    cause = Cause.UNSUPPORTED_KEY


class AccessDenied(Outside):
    """AWS denied access; the policy may be corrected before the last retry."""

    cause = Cause.ACCESS_DENIED


class Claimed(Transient):
    """Another worker holds the key; it is retried when the lease ends.

    `is_serving` means that a renderer holds it, as it does for a moment to store one lazy variant.
    That is not the message's fault: it must not become a dead letter because somebody looked at a
    picture. `is_live` means that the lease of a worker or renderer is live.
    """

    cause = Cause.CLAIMED

    def __init__(
        self,
        detail: str,
        *,
        lease_left_seconds: float,
        is_serving: bool = False,
        is_live: bool = False,
    ) -> None:
        super().__init__(detail, stage="claim")
        self.lease_left_seconds = self.retry_after_seconds = lease_left_seconds
        self.is_serving = is_serving
        self.is_live = is_live or is_serving


class ClaimLost(Transient):
    """A write needs a claim that was lost: another worker has taken the key over."""

    cause = Cause.CLAIM_LOST


class PoisonSuspect(Transient):
    """A render child died or hung over this image; the second time the failure is permanent."""

    def __init__(self, detail: str, *, stage: str = "", is_permanent: bool = False) -> None:
        super().__init__(detail, stage=stage)
        self.is_permanent = is_permanent

    def as_permanent(self) -> Self:
        """Return this failure as a permanent one: it is not the first over this image."""
        return type(self)(self.detail, stage=self.stage, is_permanent=True)


class DecodeTimeout(PoisonSuspect):
    """A render exceeded its time limit, and its child was killed."""

    cause = Cause.DECODE_TIMEOUT


class DecoderCrash(PoisonSuspect):
    """A render child exited or sent an invalid frame during a render."""

    cause = Cause.DECODER_CRASH


class LedgerUnavailable(Outside):
    """The ledger did not answer."""

    cause = Cause.LEDGER_UNAVAILABLE


class OnlyAtUpload(Transient):
    """A picture is animated, or needs too much memory to render one of its variants on demand."""

    cause = Cause.ONLY_AT_UPLOAD


class OutOfTime(Transient):
    """The invocation ends too soon for this record, so it is retried at once."""

    cause = Cause.DEADLINE
    retry_after_seconds = 0.0


class RenderUnavailable(Outside):
    """No render child could be started: a fault of the deployment or the machine."""

    cause = Cause.RENDER_UNAVAILABLE


class SourceArchived(Transient):
    """A source is archived and must be restored before it can be read."""

    cause = Cause.SOURCE_ARCHIVED


class SourceChanged(Transient):
    """The source was replaced or deleted between HEAD and GET; the retry reads it again."""

    cause = Cause.SOURCE_CHANGED
    retry_after_seconds = 0.0


class SourceSlow(Transient):
    """The bytes of a source arrive so slowly that other records would wait for them."""

    cause = Cause.SOURCE_SLOW


class StorageUnavailable(Outside):
    """S3 or SQS did not answer, or answered with a server error."""

    cause = Cause.STORAGE_UNAVAILABLE


class Throttled(Outside):
    """AWS throttled a call."""

    cause = Cause.THROTTLED


class Unknown(Transient):
    """An unexpected exception; it is retried, and logged with its traceback."""

    cause = Cause.UNKNOWN


class UnknownSchema(Transient):
    """A ledger item has a schema version that this worker cannot read."""

    cause = Cause.UNKNOWN_SCHEMA


class WatermarkUnusable(Transient):
    """A recipe's watermark is missing or cannot be drawn; the image is not at fault."""

    cause = Cause.WATERMARK_UNUSABLE


def rejection(cause: str, detail: str, *, stage: str) -> Failure:
    """Return the failure with which a source was rejected before, as the ledger holds it."""
    kind = _REJECTIONS.get(cause, Unknown)
    failure = kind(detail, stage=stage)
    return failure.as_permanent() if isinstance(failure, PoisonSuspect) else failure


_REJECTIONS: dict[str, type[Failure]] = {
    kind.cause.value: kind
    for kind in (*Permanent.__subclasses__(), *PoisonSuspect.__subclasses__())
}
