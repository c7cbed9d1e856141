"""Finds the least work that gives an image's files: one decode and the encodes alone.

`render_over_floor` is the CPU time of `render()` divided by that of its floor, both measured
alternately in this process. The floor of an image is

- one decode: the loader call that the engine made (same bytes, same JPEG shrink, same options
  for damaged files), with all pixels written to memory; no resize, no colour conversion, no
  rotation;
- each encode: the encoder call that the engine made (same libvips operation, same options), of the
  same pixels, which are already in memory.

Everything else counts against the engine: probing, resizing, colour, cropping, the search for a
crop's centre, the placeholder with its small encodes, Python. The calls are recorded from libvips'
binding while the engine works, so the floor depends on the engine's settings, but not on its
structure; an encode that the engine repeats for the same pixels and options is in the floor once.
An encode that was discarded because a plainer file is smaller is in the floor, because a size is
not known before encoding. The decode scale is the engine's, since a smaller one would give another
picture; the report has it, so that a wasteful scale is visible.

Two decisions change the figures by some percent. The floor's decode writes every pixel to memory,
which an engine that streams into a resize need not do; `ratio_streamed` leaves that out and is
the stricter figure. CPU time is the headline, because a child runs one libvips thread and because
other processes hardly change it.

The bytes of every encode of the floor must equal those of the engine's call, and every delivered
file must be among them. Otherwise the floor would be that of another image.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyvips

from shared.imaging.render import Encoded, render
from shared.model.limits import Limits
from shared.model.recipe import Recipe
from tests.bench.problem import CannotBench


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a libvips operation, and a digest of the bytes that it returned."""

    operation: str
    image: Any  # a loader's first argument is a file, an encoder's a picture without type hints
    options: dict[str, object]
    digest: str = ""

    def repeat(self) -> Any:  # noqa: ANN401 - a picture or a file's bytes
        """Repeat the call."""
        return pyvips.Operation.call(self.operation, self.image, **self.options)


@dataclass(frozen=True, slots=True)
class Floor:
    """The least work that gives an image's files."""

    decode: Call
    encodes: tuple[Call, ...]

    def decode_to_memory(self) -> None:
        """Decode every pixel into memory."""
        self.decode.repeat().copy_memory()

    def decode_streamed(self) -> None:
        """Decode every pixel and keep the last row only."""
        picture = self.decode.repeat()
        last = picture.height - 1
        picture.crop(0, last, picture.width, 1).copy_memory()

    def encode(self) -> None:
        """Encode each of the files, and discard them."""
        for call in self.encodes:
            call.repeat()


def floor_of(data: bytes, recipe: Recipe) -> Floor:
    """Return the floor of an image; `CannotBench` if its bytes differ from the engine's."""
    with recorded_calls() as calls:
        files = [made for made in render(data, recipe, Limits()) if isinstance(made, Encoded)]
    decodes = [call for call in calls if call.operation.endswith("load_buffer")]
    sizes = {(file.width, file.height) for file in files}
    encodes = {
        call.digest: call
        for call in calls
        if call.operation.endswith("save_buffer") and _size(call.image) in sizes
    }
    if not decodes:
        raise CannotBench("Expected a libvips loader's call in render(), got none.")
    floor = Floor(decodes[-1], tuple(encodes.values()))
    require_same_bytes(floor, [file.data for file in files])
    return floor


def require_same_bytes(floor: Floor, delivered: list[bytes]) -> None:
    """Raise `CannotBench` unless the floor's encodes give the engine's files."""
    bare = set()
    for call in floor.encodes:
        digest = digest_of(call.repeat())
        if digest != call.digest:
            raise CannotBench(
                f"Expected the bytes of the engine's {call.operation} from the bare one, "
                "got others: the floor would measure something else."
            )
        bare.add(digest)
    missing = [data for data in delivered if digest_of(data) not in bare]
    if missing:
        raise CannotBench(
            f"Expected each delivered file from a bare encode, got {len(missing)} from elsewhere."
        )


@contextmanager
def recorded_calls() -> Iterator[list[Call]]:
    """Record every libvips operation that loads or saves a buffer while the block runs."""
    real, calls = pyvips.Operation.call, []

    def recording(operation: str, *args: Any, **options: object) -> Any:  # noqa: ANN401 - as the real one
        if not operation.endswith(("load_buffer", "save_buffer")):
            return real(operation, *args, **options)
        # Evaluating a lazy image again would repeat the resize, too.
        first = args[0].copy_memory() if isinstance(args[0], pyvips.Image) else args[0]
        answer = real(operation, first, *args[1:], **options)
        digest = digest_of(answer) if operation.endswith("save_buffer") else ""
        calls.append(Call(operation, first, options, digest))
        return answer

    pyvips.Operation.call = recording
    try:
        yield calls
    finally:
        pyvips.Operation.call = real


def _size(image: pyvips.Image) -> tuple[int, int]:
    return image.width, image.get_page_height()


def digest_of(data: bytes) -> str:
    """Return a digest of a file."""
    return hashlib.sha256(data).hexdigest()
