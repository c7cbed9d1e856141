"""Reads what `dlq show` adds to a dead letter: source, ledger entry, thumbnail, log query."""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.pixfleet.private_files import write_private
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.terminal.text import printable
from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Resolved
from shared.deadline import Deadline
from shared.imaging.intake.sniff import HEADER_BYTES, describe, sniff
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
class DetailsReader:
    """Reads sources and the ledger; if that fails, the description is the error's message."""

    s3: "S3Client"
    objects: Objects
    ledger: Ledger
    limits: Limits
    clock: Clock

    def source(self, key: str) -> tuple[Source | None, Facts]:
        """Return the source as it is now, and a description of it."""
        try:
            source = self.objects.head(key)
            kind = self._image_format(source) if source else ""
        except PixfleetError as problem:
            return None, {"trouble": str(problem)}
        if source is None:
            return None, {
                "state": "deleted: there is no object, or its current version is a delete marker"
            }
        overrides = {"recipe": source.overrides.recipe, "focal": source.overrides.focal}
        return source, {
            "bytes": source.size_bytes,
            "etag": source.etag,
            "last_modified": source.last_modified,
            "type": kind,
            **{f"asks_for_{name}": value for name, value in overrides.items() if value},
        }

    def entry(self, key: str) -> Facts:
        """Return a description of a key's ledger entry."""
        try:
            entry = self.ledger.read(key)
        except Failure as failure:
            return {"trouble": str(failure)}
        described = {
            "status": entry.status or "none",
            "cause": entry.cause,
            "detail": entry.detail,
            "etag": entry.etag,
            "recipe": entry.recipe,
            "engine": entry.engine,
            "deaths": entry.crashed_attempts + entry.crashes or "",
            "unfinished": "yes, a worker claimed the key and did not finish"
            if entry.is_unfinished
            else "",
        }
        return {name: value for name, value in described.items() if value}

    def thumbnail(self, source: Source, file: Path | None) -> tuple[Path | None, str]:
        """Return the file of a thumbnail of the source, or `None` and the reason."""
        if source.size_bytes > self.limits.max_bytes:
            return None, "the source is over the byte limit"
        try:
            until = Deadline.after(FETCH_SECONDS, self.clock)
            data = self.objects.fetch(source, until)
            thumbnail, codec = _render_thumbnail(data, self.limits)
            # Other users can write to the folder for temporary files: a name that they can guess
            # could be a link of theirs.
            path = file or Path(tempfile.mkdtemp(prefix="pixfleet-")) / f"thumbnail.{codec}"
            write_private(path, thumbnail)
        except (PixfleetError, OSError) as problem:
            return None, str(problem)
        return path, ""

    def _image_format(self, source: Source) -> str:
        if not source.size_bytes:
            return "not an image: the object is empty"

        def read() -> bytes:
            answer = self.s3.get_object(
                Bucket=self.objects.sources_bucket,
                Key=source.key,
                Range=f"bytes=0-{HEADER_BYTES - 1}",
            )
            with answer["Body"] as body:
                return body.read()

        beginning = self.objects.calls.attempt(read, stage="fetch")
        return sniff(beginning) or f"not an image: {describe(beginning)}"


def logs_query(dead_letter: DeadLetter) -> str:
    """Return the Logs Insights query that finds every line about this dead letter."""
    attributes = dead_letter.attributes
    # A message that SQS itself moved keeps its id.
    ids = {attributes.origin_message_id, dead_letter.id} - {""}
    conditions = [
        f'message_id = "{each}" or message_ids.0 = "{each}"' for each in map(_quoted, sorted(ids))
    ]
    if attributes.request_id:
        conditions.append(f'request_id = "{_quoted(attributes.request_id)}"')
    if dead_letter.key:
        conditions.append(f'key = "{_quoted(dead_letter.key)}"')
    return (
        "fields @timestamp, event, key, cause, stage, detail, receive_count, request_id\n"
        f"| filter {' or '.join(conditions)}\n"
        "| sort @timestamp asc"
    )


def log_location(stack: Stack) -> str:
    """Return the worker's log group, or a text that says where its log lines are."""
    return stack.log_group or "the worker's standard output: this stack has no log group"


def _quoted(text: str) -> str:
    return printable(text.replace("\\", "\\\\").replace('"', '\\"'))


def _render_thumbnail(data: bytes, limits: Limits) -> tuple[bytes, str]:
    with closing(RenderPool(1, limits)) as render_pool:
        renderer = TrialRenderer(render_pool, limits, RENDER_SECONDS)
        rendered = renderer.render(data, Resolved(THUMBNAIL), wait_seconds=RENDER_SECONDS)
    [(frame, thumbnail)] = rendered.files.values()
    return thumbnail, frame.codec.value
