"""Why something failed: the closed list of causes, and the two kinds of failure.

A failure's class says what happens to its message: a `Permanent` one goes to the dead-letter queue
at once, since the same bytes will fail again; a `Transient` one goes back to its queue with a
back-off. Of the transient ones, a `PoisonSuspect` is permanent the second time, and an `Outside`
one is not the image's fault.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Self

# Of a decoder's or AWS's own words, as much as any reader is told.
MAX_DETAIL_CHARS = 500


class Cause(StrEnum):
    """The fixed word for why a record failed: in ledger, dead letters, metrics, logs alike."""

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
    OWN_OUTPUT = "own_output"
    RENDER_UNAVAILABLE = "render_unavailable"
    SOURCE_ARCHIVED = "source_archived"
    SOURCE_CHANGED = "source_changed"
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
    """The root of every error that this project raises."""


class Misconfigured(PixfleetError):
    """Settings or recipes that cannot be used; carries every problem found, not only the first."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__("\n".join((f"{what}:", *(f"  - {problem}" for problem in problems))))


class Failure(PixfleetError):
    """One record's failure; never touches another record of its batch."""

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
    """The same bytes will fail again: to the dead-letter queue at once."""

    is_permanent = True


class Transient(Failure):
    """May succeed later: back to the queue, after `retry_after_seconds` or else a back-off."""

    retry_after_seconds: float | None = None


class Outside(Transient):
    """Something that every image needs did not work; the image has no part in it."""


class BadFocal(Permanent):
    """A source whose metadata names a focal point that is none."""

    cause = Cause.BAD_FOCAL


class BadMessage(Permanent):
    """A message body that is none of the forms we understand."""

    cause = Cause.BAD_MESSAGE


class Corrupt(Permanent):
    """An image whose header is whole and whose pixel data is damaged."""

    cause = Cause.CORRUPT


class NotAnImage(Permanent):
    """Bytes that no image format begins with."""

    cause = Cause.NOT_AN_IMAGE


class OwnOutput(Permanent):
    """A source that is one of our own variants: rendering it would never end."""

    cause = Cause.OWN_OUTPUT


class TooCostly(Permanent):
    """An image that would need more memory than a render child has."""

    cause = Cause.TOO_COSTLY


class TooManyBytes(Permanent):
    """A source over the byte limit."""

    cause = Cause.TOO_MANY_BYTES


class TooManyFrames(Permanent):
    """An animation over the frame limit."""

    cause = Cause.TOO_MANY_FRAMES


class TooManyPixels(Permanent):
    """An image over the pixel limit, all frames counted."""

    cause = Cause.TOO_MANY_PIXELS


class Truncated(Permanent):
    """An image that ends before its last pixel."""

    cause = Cause.TRUNCATED


class UnknownRecipe(Permanent):
    """A source whose metadata asks for a recipe that does not exist."""

    cause = Cause.UNKNOWN_RECIPE


class UnsupportedFormat(Permanent):
    """An image in a format that we know and do not render."""

    cause = Cause.UNSUPPORTED_FORMAT


class UnsupportedKey(Permanent):
    """A source key for which no safe or short enough variant key exists."""

    cause = Cause.UNSUPPORTED_KEY


class AccessDenied(Outside):
    """AWS refused us; somebody may mend the policy before the last retry."""

    cause = Cause.ACCESS_DENIED


class Claimed(Transient):
    """Another worker holds the key; it will have done the work when its lease ends."""

    cause = Cause.CLAIMED

    def __init__(self, detail: str, *, lease_left_seconds: float) -> None:
        super().__init__(detail, stage="claim")
        self.retry_after_seconds = lease_left_seconds


class ClaimLost(Transient):
    """A write under a claim that is not ours any more: another worker has taken the key over."""

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
    """A render that did not end in its time; the child was killed."""

    cause = Cause.DECODE_TIMEOUT


class DecoderCrash(PoisonSuspect):
    """A render child that died over an image."""

    cause = Cause.DECODER_CRASH


class LedgerUnavailable(Outside):
    """The ledger did not answer."""

    cause = Cause.LEDGER_UNAVAILABLE


class OutOfTime(Transient):
    """The invocation ends before the work could; not the record's fault, so it returns at once."""

    cause = Cause.DEADLINE
    retry_after_seconds = 0.0


class RenderUnavailable(Outside):
    """No render child came up: the fault of the deployment or the machine, and of no image."""

    cause = Cause.RENDER_UNAVAILABLE


class SourceArchived(Transient):
    """A source that must be restored from its archive before anybody can read it."""

    cause = Cause.SOURCE_ARCHIVED


class SourceChanged(Transient):
    """The source was replaced or deleted between HEAD and GET; read again."""

    cause = Cause.SOURCE_CHANGED
    retry_after_seconds = 0.0


class StorageUnavailable(Outside):
    """S3 or SQS did not answer, or answered with its own error."""

    cause = Cause.STORAGE_UNAVAILABLE


class Throttled(Outside):
    """AWS asked us to slow down."""

    cause = Cause.THROTTLED


class Unknown(Transient):
    """An exception that nobody foresaw; retried, and logged with its traceback."""

    cause = Cause.UNKNOWN


class UnknownSchema(Transient):
    """A ledger item that a worker of another version wrote: nobody guesses at it."""

    cause = Cause.UNKNOWN_SCHEMA


class WatermarkUnusable(Transient):
    """A recipe's watermark is missing or cannot be drawn; not the fault of the image."""

    cause = Cause.WATERMARK_UNUSABLE


def rejection(cause: str, detail: str, *, stage: str) -> Failure:
    """Return the failure for which a source was rejected once, from what was noted of it."""
    kind = _REJECTIONS.get(cause, Unknown)
    failure = kind(detail, stage=stage)
    return failure.as_permanent() if isinstance(failure, PoisonSuspect) else failure


_REJECTIONS: dict[str, type[Failure]] = {
    kind.cause.value: kind
    for kind in (*Permanent.__subclasses__(), *PoisonSuspect.__subclasses__())
}
