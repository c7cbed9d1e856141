"""Pictures for the pages: sources through a render child, variants as they are stored.

A source is a stranger's file: its bytes reach no browser, only what the jailed child makes of it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from scripts.pixfleet.image.variants import NoManifest, VariantsReader
from scripts.pixfleet.page.snippet import ladder
from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Resolved
from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Permanent, PixfleetError
from shared.model.limits import Limits
from shared.model.recipe import Animation, Recipe, Slot, Variant
from shared.model.source import Source

FETCH_SECONDS = 60.0
RENDER_SECONDS = 30.0
# A browser has six connections to one address, which the other requests of the page need, too.
WAIT_SECONDS = 2.0
WIDTHS = (320, 1280)
RECIPES = {
    width: Recipe(
        name="console",
        variants=(Variant("console", (Slot.FALLBACK,), width, width),),
        animation=Animation.FIRST_FRAME,
        placeholder=False,
    )
    for width in WIDTHS
}
MOST_KEPT = 200
MOST_KEPT_BYTES = 300_000
# What a variant may be served as; anything else is no picture.
TYPES = frozenset({"image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"})


class NoPicture(PixfleetError):
    """There is nothing to show; the message says why."""


class Busy(PixfleetError):
    """Another source is being rendered; the request may be repeated."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture, and its type, which browsers show."""

    type: str
    data: bytes


@dataclass
class Pictures:
    """Renders one source at a time, and keeps the last small pictures by key and ETag.

    Of a source that cannot be rendered it keeps why.
    """

    objects: Objects
    variants: VariantsReader
    limits: Limits
    clock: Clock
    _pool: RenderPool | None = None
    _kept: OrderedDict[tuple[str, str, int], Picture | str] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def source(self, key: str, width: int) -> Picture:
        """Return a source, fitted into a square of `width` pixels; raises a `PixfleetError`."""
        source = self.objects.head(key)
        if source is None:
            raise NoPicture("There is no such source.")
        if source.size_bytes > self.limits.max_bytes:
            raise NoPicture("The source is over the byte limit.")
        known = (key, source.etag, width)
        if not self.lock.acquire(timeout=WAIT_SECONDS):
            raise Busy("Another source is being rendered.")
        try:
            if known not in self._kept:
                return self._made(source, known)
            self._kept.move_to_end(known)
            found = self._kept[known]
        finally:
            self.lock.release()
        if isinstance(found, str):
            raise NoPicture(found)
        return found

    def variant(self, key: str, name: str, slot: Slot) -> Picture:
        """Return a stored variant; `NoPicture` if it is of no type that pictures have."""
        kind, data = self.variants.variant(key, name, slot)
        if kind not in TYPES:
            raise NoPicture("The stored object is not a picture.")
        return Picture(kind, data)

    def smallest(self, key: str) -> Picture:
        """Return the narrowest stored variant in the best slot; `NoManifest` if there is none."""
        stored = [each for each in ladder(self.variants.manifest(key)) if not each.is_lazy]
        if not stored:
            raise NoManifest("Nothing of it is stored.")
        best = min(stored, key=lambda each: (each.width, list(Slot).index(each.slot)))
        return self.variant(key, best.name, best.slot)

    def close(self) -> None:
        """End the render child."""
        if self._pool:
            self._pool.close()

    def _made(self, source: Source, known: tuple[str, str, int]) -> Picture:
        data = self.objects.fetch(source, Deadline.after(FETCH_SECONDS, self.clock))
        try:
            picture = self._render(data, known[-1])
        except Permanent as refused:
            self._keep(known, str(refused))
            raise
        self._keep(known, picture)
        return picture

    def _render(self, data: bytes, width: int) -> Picture:
        self._pool = self._pool or RenderPool(1, self.limits)
        renderer = TrialRenderer(self._pool, self.limits, RENDER_SECONDS)
        rendered = renderer.render(data, Resolved(RECIPES[width]), wait_seconds=RENDER_SECONDS)
        [(frame, made)] = rendered.files.values()
        return Picture(frame.codec.content_type, made)

    def _keep(self, known: tuple[str, str, int], picture: Picture | str) -> None:
        if isinstance(picture, Picture) and len(picture.data) > MOST_KEPT_BYTES:
            return
        self._kept[known] = picture
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
