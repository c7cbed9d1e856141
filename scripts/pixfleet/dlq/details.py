"""What there is to know about one dead letter beyond itself: its source, ledger entry and logs."""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.document import Stack
from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock
from shared.cloud.errors import attempt
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Resolved
from shared.deadline import Deadline
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Failure, PixfleetError
from shared.model.limits import Limits
from shared.model.recipe import Animation, Recipe, Slot, Variant
from shared.model.source import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FETCH_SECONDS = 60.0
RENDER_SECONDS = 30.0
THUMBNAIL_PIXELS = 320
THUMBNAIL = Recipe(
    name="thumbnail",
    variants=(Variant("thumbnail", (Slot.FALLBACK,), THUMBNAIL_PIXELS, THUMBNAIL_PIXELS),),
    animation=Animation.FIRST_FRAME,
    placeholder=False,
)

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """Reads sources and the ledger; what is closed to this operator is said in its place."""

    s3: "S3Client"
    objects: Objects
    ledger: Ledger
    limits: Limits
    clock: Clock

    def source(self, key: str) -> tuple[Source | None, Facts]:
        """Return the source as it is now, and what to say of it."""
        try:
            source = self.objects.head(key)
            kind = self._sniffed(source) if source else ""
        except PixfleetError as problem:
            return None, {"trouble": str(problem)}
        if source is None:
            return None, {"state": "gone: nothing is there, or a delete marker on top"}
        asked = {"recipe": source.overrides.recipe, "focal": source.overrides.focal}
        return source, {
            "bytes": source.size_bytes,
            "etag": source.etag,
            "last_modified": source.last_modified,
            "type": kind,
            **{f"asks_for_{name}": value for name, value in asked.items() if value},
        }

    def entry(self, key: str) -> Facts:
        """Return what the ledger says of a key."""
        try:
            entry = self.ledger.read(key)
        except Failure as failure:
            return {"trouble": str(failure)}
        said = {
            "status": entry.status or "none",
            "cause": entry.cause,
            "detail": entry.detail,
            "etag": entry.etag,
            "recipe": entry.recipe,
            "engine": entry.engine,
            "deaths": entry.crashed_attempts + entry.crashes or "",
            "unfinished": "yes, it was begun and not ended" if entry.is_unfinished else "",
        }
        return {name: value for name, value in said.items() if value}

    def thumbnail(self, source: Source, file: Path | None) -> tuple[Path | None, str]:
        """Return the file of a small picture of the source, or why there is none."""
        if source.size_bytes > self.limits.max_bytes:
            return None, "the source is over the byte limit"
        try:
            until = Deadline.after(FETCH_SECONDS, self.clock)
            data = self.objects.fetch(source, until)
            picture, kind = _rendered(data, self.limits)
            # Not a name that anybody could know before: the folder for such files is everybody's.
            place = file or Path(tempfile.mkdtemp(prefix="pixfleet-")) / f"thumbnail.{kind}"
            place.write_bytes(picture)
        except (PixfleetError, OSError) as problem:
            return None, str(problem)
        return place, ""

    def _sniffed(self, source: Source) -> str:
        if not source.size_bytes:
            return "no image: it is empty"

        def read() -> bytes:
            answer = self.s3.get_object(
                Bucket=self.objects.sources_bucket,
                Key=source.key,
                Range=f"bytes=0-{HEADER_BYTES - 1}",
            )
            with answer["Body"] as body:
                return body.read()

        beginning = attempt(read, stage="fetch")
        return sniff(beginning) or f"no image: it begins with {beginning[:8].hex(' ')}"


def logs_query(letter: DeadLetter) -> str:
    """Return the Logs Insights query that finds every line about this letter."""
    attributes = letter.attributes
    # SQS keeps the id of a message that it moves by itself.
    ids = {attributes.origin_message_id, letter.id} - {""}
    asked = [
        f'message_id = "{each}" or message_ids.0 = "{each}"' for each in map(_quoted, sorted(ids))
    ]
    if attributes.request_id:
        asked.append(f'request_id = "{_quoted(attributes.request_id)}"')
    if letter.key:
        asked.append(f'key = "{_quoted(letter.key)}"')
    return (
        "fields @timestamp, event, key, cause, stage, detail, receive_count, request_id\n"
        f"| filter {' or '.join(asked)}\n"
        "| sort @timestamp asc"
    )


def log_place(stack: Stack) -> str:
    """Return where the worker's lines are."""
    return stack.log_group or "the standard output of the worker: this stack has no log group"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _rendered(data: bytes, limits: Limits) -> tuple[bytes, str]:
    with closing(RenderPool(1, limits)) as render_pool:
        renderer = TrialRenderer(render_pool, limits, RENDER_SECONDS)
        rendered = renderer.render(data, Resolved(THUMBNAIL), wait_seconds=RENDER_SECONDS)
    [(frame, picture)] = rendered.files.values()
    return picture, frame.codec.value
