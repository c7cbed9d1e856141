"""What rendering costs over the least it could: one decode and the bare encodes.

`render_over_floor` is the CPU time of `render()` over that of its floor, both in this process, in
turns. The floor of an image is

- one decode: the very loader call that the engine made (same bytes, same JPEG shrink, same care
  about damage), run to pixels in memory; no resize, no colour conversion, no turning upright;
- each encode: the very encoder call that the engine made (same libvips operation, same options)
  of the same pixels, which lie ready in memory.

Everything else is the engine's own and counts against it: probing, resizing, colour, cropping, the
search for a crop's centre, the placeholder with its own little encodes, Python. The calls are
overheard from libvips' binding while the engine works, so the floor follows the engine's settings
and never its structure; an encode that the engine does twice for the same pixels and options is
once in the floor. An encode that was thrown away because a plainer file came out smaller is in the
floor: nobody knows a size without encoding. The decode scale is the engine's, since a smaller one
would be another picture; it is in the report so that a wasteful one shows.

Two decisions make a difference of some percent. The floor's decode puts every pixel into memory,
which an engine that streams into a resize need not do; `render_over_streamed_floor` leaves that
out, and is the stricter figure. CPU time is the headline because the children run one libvips
thread each and because it does not move when the machine is busy with something else.

The bytes of every bare encode must equal those that the engine's own call returned, and every file
that the engine delivered must be among them: otherwise this would measure something else.
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
    """One call of a libvips operation, and a digest of the bytes that it returned, if any."""

    operation: str
    image: Any  # a loader's first argument is a file, an encoder's a picture without type hints
    options: dict[str, object]
    digest: str = ""

    def repeat(self) -> Any:  # noqa: ANN401 - a picture or a file's bytes
        """Make the call again."""
        return pyvips.Operation.call(self.operation, self.image, **self.options)


@dataclass(frozen=True, slots=True)
class Floor:
    """The least work that gives an image's files."""

    decode: Call
    encodes: tuple[Call, ...]

    def decode_to_memory(self) -> None:
        """Decode every pixel and keep them all."""
        self.decode.repeat().copy_memory()

    def decode_streamed(self) -> None:
        """Decode every pixel and keep the last row: the ones before it are passed over."""
        picture = self.decode.repeat()
        last = picture.height - 1
        picture.crop(0, last, picture.width, 1).copy_memory()

    def encode(self) -> None:
        """Encode each of the files, and let them go."""
        for call in self.encodes:
            call.repeat()


def floor_of(data: bytes, recipe: Recipe) -> Floor:
    """Return the floor of an image; `CannotBench` if its bytes differ from the engine's."""
    with overheard() as calls:
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
    """Raise `CannotBench` unless the bare encodes give what the engine made and delivered."""
    bare = set()
    for call in floor.encodes:
        digest = _digest(call.repeat())
        if digest != call.digest:
            raise CannotBench(
                f"Expected the bytes of the engine's {call.operation} from the bare one, "
                "got others: the floor would measure something else."
            )
        bare.add(digest)
    missing = [data for data in delivered if _digest(data) not in bare]
    if missing:
        raise CannotBench(
            f"Expected each delivered file from a bare encode, got {len(missing)} from elsewhere."
        )


@contextmanager
def overheard() -> Iterator[list[Call]]:
    """Note every libvips operation that loads or saves a buffer while the block runs."""
    real, calls = pyvips.Operation.call, []

    def noting(operation: str, *args: Any, **options: object) -> Any:  # noqa: ANN401 - as the real one
        if not operation.endswith(("load_buffer", "save_buffer")):
            return real(operation, *args, **options)
        # A lazy picture would take the resize along into the floor.
        first = args[0].copy_memory() if isinstance(args[0], pyvips.Image) else args[0]
        answer = real(operation, first, *args[1:], **options)
        digest = _digest(answer) if operation.endswith("save_buffer") else ""
        calls.append(Call(operation, first, options, digest))
        return answer

    pyvips.Operation.call = noting
    try:
        yield calls
    finally:
        pyvips.Operation.call = real


def _size(image: pyvips.Image) -> tuple[int, int]:
    return image.width, image.get_page_height()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
