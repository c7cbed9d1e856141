"""Divides the variants of a version into stored files, copies of them and lazy files."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.imaging.child_protocol import VariantFrame
from shared.model.lazy_file import LazyFile
from shared.model.manifest import LazyVariant, StoredVariant
from shared.model.recipe import Recipe, is_rung


@dataclass(slots=True)
class VariantSet:
    """The variants of one version of a source, as a render reports them.

    `stored` are the objects to store at upload. A renderer makes the others at the first request:
    `equal` has the copies, by the name `<variant>.<slot>` of each and of the stored one. `lazy`
    are those that the manifest lists, to be rendered or copied.

    Without a renderer (`has_renderer`), every name is stored.
    """

    recipe: Recipe
    has_renderer: bool
    stored: list[StoredVariant] = field(default_factory=list)
    lazy: list[LazyVariant] = field(default_factory=list)
    equal: dict[str, str] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the stored objects."""
        return frozenset(f"{each.variant}.{each.slot}" for each in self.stored)

    @property
    def size_bytes(self) -> int:
        """Return the bytes of the stored objects."""
        return sum(each.size_bytes for each in self.stored)

    def add_file(self, frame: VariantFrame, size_bytes: int) -> tuple[str, ...]:
        """Add a file that was made, and return the variants to store it as.

        Of equal rungs only the first of the recipe is stored, and the manifest lists no other. A
        variant with a name of its own is stored, or listed, because pages ask for it by its name.
        """
        self._know(frame)
        names = self._names_to_store(frame)
        self.stored += [
            StoredVariant(
                name,
                frame.slot,
                frame.codec,
                frame.width,
                frame.height,
                size_bytes,
                frame.limit,
            )
            for name in names
        ]
        others = [name for name in frame.variants if name not in names]
        self._copy(others, frame, of=f"{names[0]}.{frame.slot}")
        self._list(frame, [name for name in others if not is_rung(name)])
        return names

    def add_lazy(self, file: LazyFile) -> None:
        """Add a file that is made at the first request: rendered, or copied from another slot."""
        self._know(file)
        if file.copy_of:
            # What it is a copy of may be stored under another of its names.
            self._copy(file.variants, file, of=self.equal.get(file.copy_of, file.copy_of))
        self._list(file, _listed(file.variants))

    def missing(self) -> frozenset[str]:
        """Return the names of the recipe that the render has not reported."""
        wanted = {f"{variant}.{slot}" for variant, slot in self.recipe.stored_names()}
        return frozenset(wanted - self._known)

    def _know(self, file: VariantFrame | LazyFile) -> None:
        self._known |= {f"{name}.{file.slot}" for name in file.variants}

    def _names_to_store(self, frame: VariantFrame) -> tuple[str, ...]:
        if not self.has_renderer:
            return frame.variants
        eager = {variant for variant, slot in self.recipe.eager_names() if slot is frame.slot}
        # A slot has no eager name here if its lazy files were made at upload, too.
        return _listed([name for name in frame.variants if name in eager] or frame.variants)

    def _copy(self, variants: Sequence[str], file: VariantFrame | LazyFile, *, of: str) -> None:
        self.equal |= {f"{name}.{file.slot}": of for name in variants}

    def _list(self, file: VariantFrame | LazyFile, variants: Sequence[str]) -> None:
        self.lazy += [
            LazyVariant(name, file.slot, file.codec, file.width, file.height, file.limit)
            for name in variants
        ]


def _listed(variants: Sequence[str]) -> tuple[str, ...]:
    """Return the names that share a file without its later rungs, in the order of the recipe."""
    later = [name for name in variants if is_rung(name)][1:]
    return tuple(name for name in variants if name not in later)
