"""The right files of a source without libvips: its bytes name what it shows.

A source is `<kind> <number>`. The files of a good one depend on its shape, which is given by the
number, and carry the source, the recipe's fingerprint and their own name. They sniff as what they
are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from shared.model.codec import Codec
from shared.model.manifest import SourceFacts
from shared.model.planned_files import PlannedFile, plan_files
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import Reduction

GOOD, CORRUPT, CRASHING, HANGING = b"good", b"corrupt", b"crashing", b"hanging"
# What one lane cannot hold or finish and its larger lane can, and what no lane can hold.
GIANT, LONG, BOUNDLESS = b"giant", b"long", b"boundless"

CODECS = {Slot.AVIF: Codec.AVIF, Slot.WEBP: Codec.WEBP, Slot.FALLBACK: Codec.JPEG}
MAGIC = {
    Codec.AVIF: b"\0\0\0\x10ftypavif\0\0\0\0",
    Codec.WEBP: b"RIFF\0\0\0\0WEBP",
    Codec.JPEG: b"\xff\xd8\xff",
}
WIDE, NARROW = (640, 480), (30, 22)


class Shape(Enum):
    """What matters of a picture beside its bytes."""

    PHOTOGRAPH = "a photograph"
    NARROW = "narrower than some rungs, which are equal"
    DRAWING = "a drawing, whose avif slot holds a WebP file"
    SLOW = "so slow that its lazy files are made after the others at upload"
    MOVING = "moving, so that it has no lazy files"


SHAPES = tuple(Shape)


@dataclass(frozen=True, slots=True)
class File:
    """One file in a slot, and the variants that share it.

    An `is_lazy` file is made at the first request; `copy_of` is the name of the file that it is a
    copy of, empty for one to render.
    """

    variants: tuple[str, ...]
    slot: Slot
    codec: Codec
    data: bytes
    is_lazy: bool = False
    copy_of: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the objects that it may be stored as."""
        return tuple(f"{variant}.{self.slot}" for variant in self.variants)


def shape_of(source: bytes) -> Shape:
    """Return the shape of a source; of each five good ones, one has each shape."""
    kind, _, number = source.partition(b" ")
    if kind in (GIANT, LONG):  # a renderer cannot make it, as if it moved
        return Shape.MOVING
    if kind != GOOD or not number.isdigit():
        return Shape.PHOTOGRAPH
    return SHAPES[(int(number) - 1) % len(SHAPES)]


def facts_of(source: bytes) -> SourceFacts:
    """Return what the header of a source declares."""
    width, height = NARROW if shape_of(source) is Shape.NARROW else WIDE
    frames = 2 if shape_of(source) is Shape.MOVING else 1
    return SourceFacts("jpeg", width, height, frames, has_alpha=False)


def files_of(source: bytes, recipe: Recipe) -> tuple[File, ...]:
    """Return the right files of a source, in the order in which they are made.

    Without a renderer the recipe has no lazy names.
    """
    return _files(source, _Planned(recipe, recipe.fingerprint))


def rendered(source: bytes, recipe: Recipe) -> Mapping[str, File]:
    """Return the right file of each object name of a recipe."""
    return {name: file for file in files_of(source, recipe) for name in file.names}


@dataclass(frozen=True, slots=True)
class _Planned:
    """A recipe, and what its files depend on."""

    recipe: Recipe
    fingerprint: str

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Planned) and self._depends_on() == other._depends_on()

    def _depends_on(self) -> tuple[object, ...]:
        return self.fingerprint, self.recipe.lazy_names()


@cache
def _files(source: bytes, planned: _Planned) -> tuple[File, ...]:
    recipe, shape = planned.recipe, shape_of(source)
    if shape is Shape.MOVING:
        recipe = recipe.all_eager()
    made: list[File] = []
    for each in plan_files(recipe, facts_of(source), Reduction()):
        made.append(_file(source, planned.fingerprint, each, made, shape))
    return tuple(made)


def _file(
    source: bytes, fingerprint: str, planned: PlannedFile, before: list[File], shape: Shape
) -> File:
    codec = CODECS[planned.slot]
    if shape is Shape.DRAWING and planned.slot is Slot.AVIF and not planned.is_lazy:
        codec = Codec.WEBP
    if original := _original(planned, before):
        name = original.names[0]
        return File(
            planned.variants,
            planned.slot,
            original.codec,
            original.data,
            is_lazy=True,
            copy_of=name,
        )
    name = f"{planned.variants[0]}.{planned.slot}"
    data = b" ".join((MAGIC[codec], source, f"{name} {fingerprint}".encode()))
    is_lazy = planned.is_lazy and shape is not Shape.SLOW
    return File(planned.variants, planned.slot, codec, data, is_lazy=is_lazy)


def _original(planned: PlannedFile, before: list[File]) -> File | None:
    """Return the file of the avif slot that a lazy webp slot is a copy of, if there is one."""
    if not planned.is_lazy or planned.slot is not Slot.WEBP:
        return None
    return next(
        (
            each
            for each in before
            if each.slot is Slot.AVIF
            and each.codec is Codec.WEBP
            and not each.is_lazy
            and set(each.variants) & set(planned.variants)
        ),
        None,
    )
