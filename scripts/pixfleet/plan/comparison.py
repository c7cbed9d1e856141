"""Compares what two recipes made of one source, file by file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from scripts.pixfleet.plan.changes import Pair
from scripts.pixfleet.plan.similarity import MAX_PIXELS, Judges
from shared.imaging.frames import VariantFrame
from shared.model.errors import Cause
from shared.model.recipe import Codec, Recipe, Slot, Variant

Name = tuple[str, Slot]
File = tuple[VariantFrame, bytes]

# AVIF of quality 100 scores 96 against the very pixels, and a file of quality 60 scores the same
# against either to 0.2.
REFERENCE_QUALITY = {Codec.AVIF.value: 100}
REFERENCE_EFFORT = {Codec.AVIF.value: 0}


@dataclass(frozen=True, slots=True)
class Made:
    """What a recipe made of one source, or the cause for which it was refused."""

    cpu_seconds: float = 0.0
    files: Mapping[Name, File] = field(default_factory=dict)
    frames: int = 1
    has_alpha: bool = False
    refused: Cause | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One variant and slot of one source, before and after; none where it is not made."""

    variant: str
    slot: Slot
    old_bytes: int | None
    new_bytes: int | None
    is_same: bool
    old_score: float | None = None
    new_score: float | None = None


Make = Callable[[Recipe | None], Made]


def compare(
    pair: Pair, old: Made, new: Made, make: Make, judges: Judges | None
) -> tuple[Compared, ...]:
    """Return every file of either side, in the new recipe's order; with judges, with scores.

    `make` renders the references: each picture of either side nearly without loss.
    """
    names = _ordered({*new.files, *old.files}, pair)
    differing = {name for name in names if old.files.get(name) != new.files.get(name)}
    kitchen = _References(make, {})
    old_scores, new_scores = (
        kitchen.scores(recipe, made, differing, judges) if judges and recipe else {}
        for recipe, made in ((pair.old, old), (pair.new, new))
    )
    return tuple(
        Compared(
            variant=name[0],
            slot=name[1],
            old_bytes=_size(old, name),
            new_bytes=_size(new, name),
            is_same=name not in differing,
            old_score=old_scores.get(name),
            new_score=new_scores.get(name),
        )
        for name in names
    )


@dataclass(frozen=True, slots=True)
class _References:
    """The pictures of one source nearly without loss, by the recipe that made them."""

    make: Make
    known: dict[str, Made]

    def scores(
        self, recipe: Recipe, made: Made, differing: set[Name], judges: Judges
    ) -> Mapping[Name, float]:
        """Return how near each differing file comes to its picture, where that can be said."""
        files = {
            name: made.files[name] for name in made.files.keys() & differing if _fits(made, name)
        }
        references = self._of(recipe, {variant for variant, _ in files})
        scores = {}
        for (variant, slot), (_, data) in files.items():
            reference = references.files.get((variant, Slot.AVIF))
            if reference is None:
                continue
            with judges.judge() as judge:
                score = judge.score(reference[1], data)
            if score is not None:
                scores[variant, slot] = score
        return scores

    def _of(self, recipe: Recipe, names: set[str]) -> Made:
        wanted = tuple(_reference(each) for each in recipe.variants if each.name in names)
        if not wanted:
            return Made()
        rendered = replace(recipe, variants=wanted, placeholder=False)
        known = self.known.get(rendered.fingerprint)
        if known is None:
            known = self.known[rendered.fingerprint] = self.make(rendered)
        return known


def _reference(variant: Variant) -> Variant:
    return replace(variant, slots=(Slot.AVIF,), quality=REFERENCE_QUALITY, effort=REFERENCE_EFFORT)


def _fits(made: Made, name: Name) -> bool:
    """Say whether a file is small enough to score, and shows what its reference does."""
    frame, _ = made.files[name]
    is_flattened = made.has_alpha and frame.codec is Codec.JPEG
    return frame.width * frame.height <= MAX_PIXELS and not is_flattened


def _size(made: Made, name: Name) -> int | None:
    return len(made.files[name][1]) if name in made.files else None


def _ordered(names: set[Name], pair: Pair) -> list[Name]:
    """Return the names in the new recipe's order, and then those that only the old one has."""
    stored = [name for recipe in (pair.new, pair.old) if recipe for name in recipe.stored_names()]
    return [name for name in dict.fromkeys(stored) if name in names]
