"""Records of redrives in the variants bucket, where every operator finds them.

`_redrives/<id>/redrive.json` says what was selected. Each part beside it lists up to a hundred
messages. A part is written before its messages are sent, so that every message that left the queue
is on record. No variant's key begins with `_redrives/` (shared/model/keys.py), and the edge serves
variants and manifests only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.terminal.text import quoted
from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "_redrives/"
ABOUT = "redrive.json"


class RedrivenMessage(msgspec.Struct, frozen=True):
    """One message of a redrive: its id in the dead-letter queue, its body's digest, its keys."""

    id: str
    digest: str
    cause: str
    keys: tuple[str, ...]


class Redrive(msgspec.Struct, frozen=True):
    """One redrive; `sent` is the number of its messages, `None` until it has finished."""

    id: str
    selection: str
    sent: int | None = msgspec.field(name="letters", default=None)


@dataclass(frozen=True, slots=True)
class Part:
    """Some messages of a redrive, which were sent after `recorded_at` (in whole seconds)."""

    recorded_at: datetime
    messages: Sequence[RedrivenMessage]


class Records:
    """The redrives of one stack."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, redrive: Redrive) -> None:
        """Record that a redrive begins, or how it ended."""
        self._put(redrive.id, ABOUT, msgspec.json.encode(redrive))

    def add_part(self, redrive_id: str, number: int, dead_letters: Sequence[DeadLetter]) -> None:
        """Record messages that will be sent next; parts are numbered from one."""
        messages = [
            RedrivenMessage(each.id, each.digest, each.cause, each.keys) for each in dead_letters
        ]
        self._put(redrive_id, f"{number:06}.json", _ascii(messages))

    def all(self) -> Iterator[Redrive]:
        """Yield every redrive, the oldest first."""
        yield from map(self.read, self.ids())

    def ids(self) -> Iterator[str]:
        """Yield the id of every redrive, the oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=FOLDER, Delimiter="/"
        )
        for page in pages:
            for folder in page.get("CommonPrefixes", []):
                yield folder["Prefix"].removeprefix(FOLDER).strip("/")

    def read(self, redrive_id: str) -> Redrive:
        """Return one redrive; `Misconfigured` if no redrive has that id."""
        try:
            return msgspec.json.decode(self._get(f"{FOLDER}{redrive_id}/{ABOUT}"), type=Redrive)
        except self._s3.exceptions.NoSuchKey:
            raise Misconfigured(
                f"There is no redrive {quoted(redrive_id)}",
                ["expected an id that `pixfleet dlq status` lists"],
            ) from None

    def parts(self, redrive_id: str) -> Iterator[Part]:
        """Yield the parts of a redrive in order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{FOLDER}{redrive_id}/"
        )
        for page in pages:
            for each in page.get("Contents", []):
                if not each["Key"].endswith(ABOUT):
                    messages = msgspec.json.decode(
                        self._get(each["Key"]), type=list[RedrivenMessage]
                    )
                    yield Part(each["LastModified"].astimezone(UTC), messages)

    def _put(self, redrive_id: str, name: str, document: bytes) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=f"{FOLDER}{redrive_id}/{name}",
            Body=document,
            ContentType="application/json",
        )

    def _get(self, key: str) -> bytes:
        with self._s3.get_object(Bucket=self._bucket, Key=key)["Body"] as body:
            return body.read()


def new_redrive_id(now: float) -> str:
    """Return an id that sorts by time; `now` in seconds since the epoch."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{token_hex(2)}"


def _ascii(messages: Sequence[RedrivenMessage]) -> bytes:
    documents: list[Mapping[str, object]] = [msgspec.structs.asdict(each) for each in messages]
    return json.dumps(documents, ensure_ascii=True).encode()
