"""The cards of a page: a published source with its variants, or a dead letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.pixfleet.page.placeholder import placeholder_style
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow, bytes_of
from shared.model.manifest import ManifestVariant
from shared.model.recipe import Slot

TALL = 1.15  # ratio of height to width above which the table is beside the picture


@dataclass(frozen=True, slots=True)
class Card:
    """One published image and the links to its files, relative to the page.

    `source` is None if no browser shows the source's format.
    """

    row: ImageRow
    source: str | None
    links: Mapping[tuple[str, Slot], str]

    @property
    def is_tall(self) -> bool:
        """Return whether the source is so tall that the picture gets less width."""
        return self.row.source.height > self.row.source.width * TALL

    @property
    def placeholder_style(self) -> str:
        """Return inline CSS that shows the placeholder, or nothing."""
        return placeholder_style(self.row.manifest.placeholder)

    @property
    def rungs(self) -> Mapping[Slot, Sequence[ManifestVariant]]:
        """Return the rungs of each slot, best slot first, narrowest rung first."""
        rungs = ladder(self.row)
        by_slot = {slot: [rung for rung in rungs if rung.slot is slot] for slot in Slot}
        return {slot: found for slot, found in by_slot.items() if found}

    @property
    def widest(self) -> ManifestVariant:
        """Return the widest rung."""
        return ladder(self.row)[-1]

    @property
    def by_name(self) -> Mapping[str, Mapping[Slot, ManifestVariant]]:
        """Return the variants of each name by slot."""
        found: dict[str, dict[Slot, ManifestVariant]] = {}
        for variant in self.row.variants:
            found.setdefault(variant.name, {})[variant.slot] = variant
        return found

    @property
    def pictures(self) -> Sequence[Sequence[ManifestVariant]]:
        """Return every picture once, in its best slot, as the variants that are this picture."""
        same: dict[tuple[int, int, int], list[ManifestVariant]] = {}
        for variant in best_of(self.row):
            alike = variant.width, variant.height, bytes_of(variant)
            same.setdefault(alike, []).append(variant)
        return list(same.values())

    def link(self, variant: ManifestVariant) -> str:
        """Return the link to a variant's file."""
        return self.links[variant.name, variant.slot]

    def srcset(self, rungs: Sequence[ManifestVariant]) -> str:
        """Return the value of a `srcset`."""
        return ", ".join(f"{self.link(rung)} {rung.width}w" for rung in rungs)


@dataclass(frozen=True, slots=True)
class DeadCard:
    """One dead letter, and a link to its source if a browser may be able to show it."""

    dead_letter: DeadLetterRow
    source: str | None


def ladder(row: ImageRow) -> tuple[ManifestVariant, ...]:
    """Return the variants that show the whole picture (no crops), narrowest first.

    Rungs wider than the source all have the source's width; each slot keeps the first of them.
    """
    widest = max(row.variants, key=lambda variant: variant.width * variant.height)
    kept: dict[tuple[Slot, int], ManifestVariant] = {}
    for variant in row.variants:
        expected_height = variant.width * widest.height / widest.width
        # A rounded width changes the height by half of the ratio at most.
        if abs(variant.height - expected_height) <= max(1, widest.height / widest.width):
            kept.setdefault((variant.slot, variant.width), variant)
    return tuple(sorted(kept.values(), key=lambda variant: variant.width))


def best_of(row: ImageRow) -> tuple[ManifestVariant, ...]:
    """Return every variant once, in its best slot, in the recipe's order."""
    best: dict[str, ManifestVariant] = {}
    for variant in sorted(row.variants, key=lambda variant: list(Slot).index(variant.slot)):
        best.setdefault(variant.name, variant)
    return tuple(best[name] for name in dict.fromkeys(variant.name for variant in row.variants))
