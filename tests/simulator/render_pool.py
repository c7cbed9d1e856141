"""Render children without libvips: the source's bytes name the outcome.

A source is `<kind> <number>`. A good one comes out as files that sniff as what they are and carry
the source, the recipe and their own name; the others fail in the way that their kind says.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.codec import Codec
from shared.model.errors import Corrupt, DecoderCrash, DecodeTimeout
from shared.model.manifest import SourceFacts
from shared.model.recipe import Slot
from tests.simulator.scheduler import Process

RENDER_SECONDS = 0.4
CODECS = {Slot.AVIF: Codec.AVIF, Slot.WEBP: Codec.WEBP, Slot.FALLBACK: Codec.JPEG}
MAGIC = {
    Codec.AVIF: b"\0\0\0\x10ftypavif\0\0\0\0",
    Codec.WEBP: b"RIFF\0\0\0\0WEBP",
    Codec.JPEG: b"\xff\xd8\xff",
}
FACTS = SourceFacts("jpeg", 640, 480, 1, has_alpha=False)
GOOD, CORRUPT, CRASHING, HANGING = b"good", b"corrupt", b"crashing", b"hanging"


def rendered(source: bytes, fingerprint: str, name: str, slot: Slot) -> bytes:
    """Return the one right file for a source, a recipe and a variant."""
    return b" ".join((MAGIC[CODECS[slot]], source, f"{name}.{slot} {fingerprint}".encode()))


class FakeChild:
    """A render child of one process."""

    def __init__(self, process: Process, render_seconds: float = RENDER_SECONDS) -> None:
        self._process = process
        self._seconds = render_seconds
        self.renders = 0

    def render(
        self, source: bytes, job: Job, *, time_limit_seconds: float, watermark: bytes = b""
    ) -> Iterator[tuple[VariantFrame, bytes] | DoneFrame]:
        """Render a source, or fail as its bytes say."""
        kind = source.partition(b" ")[0]
        if kind == HANGING:
            self._process.sleep(time_limit_seconds)
            raise DecodeTimeout("Expected an end in time.", stage="render")
        self._process.sleep(self._seconds)
        self.renders += 1
        if kind == CORRUPT:
            raise Corrupt("Expected whole pixels.", stage="load")
        fingerprint = job.recipe.fingerprint
        for name, slot in job.recipe.stored_names():
            data = rendered(source, fingerprint, name, slot)
            yield VariantFrame((name,), slot, CODECS[slot], 64, 48), data
            if kind == CRASHING:
                raise DecoderCrash("The render child exited with code -11.", stage="render")
        yield DoneFrame(FACTS, None, self._seconds, self._seconds, 1)


class FakeRenderPool(RenderPool):
    """One render child, always free."""

    def __init__(self, process: Process) -> None:
        self._child = FakeChild(process)
        self.size = 1

    @contextmanager
    def child(self, *, wait_seconds: float) -> Iterator[FakeChild]:  # type: ignore[override] # a fake
        """Lend the child."""
        yield self._child

    def close(self) -> None:
        """Do nothing: there is no process to stop."""
