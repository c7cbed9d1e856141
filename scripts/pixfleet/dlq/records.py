"""What is remembered of each redrive, in the variants bucket, where every operator finds it.

`_redrives/<id>/redrive.json` says what was asked for, and each part beside it names up to a
hundred letters. A part is written before its letters are sent: what left the queue is on record.
No variant's key begins so (shared/model/keys.py), and the edge serves variants and manifests only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.model.errors import Misconfigured

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "_redrives/"
ABOUT = "redrive.json"


class Sent(msgspec.Struct, frozen=True):
    """One letter that was sent back: its old id, what its body is known by, and what it named."""

    id: str
    digest: str
    cause: str
    keys: tuple[str, ...]


class Redrive(msgspec.Struct, frozen=True):
    """One redrive; `letters` is how many it sent, none while it runs or if it never ended."""

    id: str
    selection: str
    letters: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some letters of a redrive, and when S3 noted that they were about to be sent."""

    noted_at: datetime
    sent: Sequence[Sent]


class Records:
    """The redrives of one stack."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def note(self, redrive: Redrive) -> None:
        """Write down that a redrive begins, or how it ended."""
        self._put(redrive.id, ABOUT, msgspec.json.encode(redrive))

    def add(self, redrive_id: str, number: int, letters: Sequence[DeadLetter]) -> None:
        """Write down letters that are about to be sent; parts are numbered from one."""
        sent = [Sent(each.id, each.digest, each.cause, each.keys) for each in letters]
        self._put(redrive_id, f"{number:06}.json", _ascii(sent))

    def all(self) -> Iterator[Redrive]:
        """Yield every redrive, the oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=FOLDER, Delimiter="/"
        )
        for page in pages:
            for folder in page.get("CommonPrefixes", []):
                yield self.read(folder["Prefix"].removeprefix(FOLDER).strip("/"))

    def read(self, redrive_id: str) -> Redrive:
        """Return one redrive; `Misconfigured` if there is none of that id."""
        try:
            return msgspec.json.decode(self._get(f"{FOLDER}{redrive_id}/{ABOUT}"), type=Redrive)
        except self._s3.exceptions.NoSuchKey:
            raise Misconfigured(
                f"There is no redrive {redrive_id}",
                ["expected an id that `pixfleet dlq receipts` lists"],
            ) from None

    def parts(self, redrive_id: str) -> Iterator[Part]:
        """Yield what a redrive sent, in order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{FOLDER}{redrive_id}/"
        )
        for page in pages:
            for each in page.get("Contents", []):
                if not each["Key"].endswith(ABOUT):
                    sent = msgspec.json.decode(self._get(each["Key"]), type=list[Sent])
                    yield Part(each["LastModified"].astimezone(UTC), sent)

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


def _ascii(sent: Sequence[Sent]) -> bytes:
    documents: list[Mapping[str, object]] = [msgspec.structs.asdict(each) for each in sent]
    return json.dumps(documents, ensure_ascii=True).encode()
