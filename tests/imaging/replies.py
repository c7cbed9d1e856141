"""The replies of an honest render child about one picture, for tests to change."""

import json
import zlib
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.imaging.child_protocol import DoneFrame, HeaderFrame, Job, VariantFrame
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import Recipe, Slot, Variant
from tests.support import images

SOURCE = images.jpeg((160, 120))
JOB = Job(Recipe("two", (Variant("w80", (Slot.WEBP, Slot.FALLBACK), width=80),)), Limits())
FACTS = SourceFacts("jpeg", 160, 120, 1, has_alpha=False)
FILES = {
    "fallback": (VariantFrame(("w80",), Slot.FALLBACK, Codec.JPEG, 80, 60), images.jpeg((80, 60))),
    "webp": (VariantFrame(("w80",), Slot.WEBP, Codec.WEBP, 80, 60), images.webp((80, 60))),
}
TINY = "data:image/webp;base64,UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
DONE = DoneFrame(FACTS, Placeholder(TINY, "#c86432"), 0.01, 0.01, 1 << 20)


def _document(frame: msgspec.Struct) -> dict[str, Any]:  # the values of JSON
    return dict(json.loads(msgspec.json.encode(frame)))


@dataclass
class WrittenReply:
    """One reply: the JSON of its header, and the payload as a Python expression."""

    document: dict[str, Any]
    payload: str = 'b""'

    @property
    def statement(self) -> str:
        """Return the statement by which a program sends the reply."""
        # Packed: a program is an argument of a process, which may have 128 KiB.
        packed = zlib.compress(json.dumps(self.document).encode())
        return f"say(zlib.decompress({packed!r}), {self.payload})"


@dataclass
class Replies:
    """The replies to `JOB` about `SOURCE`, as an honest child sends them."""

    header: WrittenReply = field(
        default_factory=lambda: WrittenReply(_document(HeaderFrame(FACTS)))
    )
    fallback: WrittenReply = field(default_factory=lambda: _file("fallback"))
    webp: WrittenReply = field(default_factory=lambda: _file("webp"))
    done: WrittenReply = field(default_factory=lambda: WrittenReply(_document(DONE)))
    order: list[str] = field(default_factory=lambda: ["header", "fallback", "webp", "done"])

    def program(self) -> str:
        """Return the program of a child that takes one job and sends all of them."""
        sent = [getattr(self, name).statement for name in self.order]
        return "\n".join(["take()", *sent])


def failed(**changed: object) -> WrittenReply:
    """Return the reply of a failure."""
    honest = {"type": "failed", "cause": "corrupt", "stage": "render", "detail": "damaged"}
    return WrittenReply({**honest, **changed})


def _file(name: str) -> WrittenReply:
    frame, payload = FILES[name]
    return WrittenReply(deepcopy(_document(frame)), repr(payload))
