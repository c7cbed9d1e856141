"""Compares what two recipes made of one source, file by file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from scripts.pixfleet.plan.changes import RecipePair
from scripts.pixfleet.plan.similarity import MAX_PIXELS, ScorerPool
from shared.imaging.child_protocol import VariantFrame
from shared.model.codec import Codec
from shared.model.errors import Cause
from shared.model.recipe import Recipe, Slot, Variant

Name = tuple[str, Slot]
File = tuple[VariantFrame, bytes]

# A reference is an AVIF of quality 100, which scores 96 against the source's pixels. A file of
# quality 60 has the same score, to 0.2, against the reference as against the source's pixels.
REFERENCE_QUALITY = {Codec.AVIF.value: 100}
REFERENCE_EFFORT = {Codec.AVIF.value: 0}


@dataclass(frozen=True, slots=True)
class RenderResult:
    """What a recipe makes of one source, or the cause of its rejection in `refused`.

    `files` has those of the first request, too. Their names are `lazy`, with whether they are
    rendered or copied then. `cpu_seconds` are of the render at upload.
    """

    cpu_seconds: float = 0.0
    files: Mapping[Name, File] = field(default_factory=dict)
    frames: int = 1
    has_alpha: bool = False
    refused: Cause | None = None
    lazy: Mapping[Name, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileComparison:
    """One variant and slot of one source by both recipes; None where a recipe has no such file.

    A file that is lazy by a recipe is not stored at upload.
    """

    variant: str
    slot: Slot
    old_bytes: int | None
    new_bytes: int | None
    is_same: bool
    old_score: float | None = None
    new_score: float | None = None
    old_lazy: bool = False
    new_lazy: bool = False


Render = Callable[[Recipe | None], RenderResult]


def compare(
    pair: RecipePair,
    old: RenderResult,
    new: RenderResult,
    render: Render,
    scorers: ScorerPool | None,
) -> tuple[FileComparison, ...]:
    """Return every file of either recipe, in the new recipe's order.

    With `scorers`, the files that differ have SSIMULACRA2 scores. `render` then also makes the
    references: the same pictures, nearly without loss.
    """
    names = _ordered({*new.files, *old.files}, pair)
    differing = {name for name in names if old.files.get(name) != new.files.get(name)}
    references = _References(render, {})
    old_scores, new_scores = (
        references.scores(recipe, result, differing, scorers) if scorers and recipe else {}
        for recipe, result in ((pair.old, old), (pair.new, new))
    )
    return tuple(
        FileComparison(
            variant=name[0],
            slot=name[1],
            old_bytes=_size(old, name),
            new_bytes=_size(new, name),
            is_same=name not in differing,
            old_score=old_scores.get(name),
            new_score=new_scores.get(name),
            old_lazy=name in old.lazy,
            new_lazy=name in new.lazy,
        )
        for name in names
    )


@dataclass(frozen=True, slots=True)
class _References:
    """Renders one source nearly without loss; `known` holds the results by fingerprint."""

    render: Render
    known: dict[str, RenderResult]

    def scores(
        self, recipe: Recipe, result: RenderResult, differing: set[Name], scorers: ScorerPool
    ) -> Mapping[Name, float]:
        """Return the score of each differing file against its reference, where there is one."""
        files = {
            name: result.files[name]
            for name in result.files.keys() & differing
            if _can_be_scored(result, name)
        }
        references = self._of(recipe, {variant for variant, _ in files})
        scores = {}
        for (variant, slot), (_, data) in files.items():
            reference = references.files.get((variant, Slot.AVIF))
            if reference is None:
                continue
            with scorers.scorer() as scorer:
                score = scorer.score(reference[1], data)
            if score is not None:
                scores[variant, slot] = score
        return scores

    def _of(self, recipe: Recipe, names: set[str]) -> RenderResult:
        wanted = tuple(_reference(each) for each in recipe.variants if each.name in names)
        if not wanted:
            return RenderResult()
        rendered = replace(recipe, variants=wanted, placeholder=False)
        known = self.known.get(rendered.fingerprint)
        if known is None:
            known = self.known[rendered.fingerprint] = self.render(rendered)
        return known


def _reference(variant: Variant) -> Variant:
    return replace(
        variant,
        slots=(Slot.AVIF,),
        quality=REFERENCE_QUALITY,
        effort=REFERENCE_EFFORT,
        lazy=(),
    )


def _can_be_scored(result: RenderResult, name: Name) -> bool:
    """Return whether a file is small enough to score and shows the same picture as its reference.

    A JPEG of a transparent source is flattened, its reference is not.
    """
    frame, _ = result.files[name]
    is_flattened = result.has_alpha and frame.codec is Codec.JPEG
    return frame.width * frame.height <= MAX_PIXELS and not is_flattened


def _size(result: RenderResult, name: Name) -> int | None:
    return len(result.files[name][1]) if name in result.files else None


def _ordered(names: set[Name], pair: RecipePair) -> list[Name]:
    """Return the names in the new recipe's order, then those that only the old recipe has."""
    stored = [name for recipe in (pair.new, pair.old) if recipe for name in recipe.stored_names()]
    return [name for name in dict.fromkeys(stored) if name in names]
