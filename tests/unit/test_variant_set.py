"""Which variants of a version are stored at upload, copied later or made at the first request."""

import pytest

from shared.imaging.child_protocol import VariantFrame
from shared.model.codec import Codec
from shared.model.lazy_file import LazyFile
from shared.model.recipe import Recipe, Slot, Variant
from worker.variant_set import VariantSet

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot.AVIF, Slot.WEBP, Slot.FALLBACK
LADDER = tuple(
    Variant(f"w{at}", (AVIF, WEBP), width=at, lazy=(WEBP,)) for at in (320, 640, 960, 1280)
)
THUMB = Variant("thumb", (AVIF, FALLBACK), 300, 300)
RECIPE = Recipe("ladder", (*LADDER, THUMB))
SHARED = ("w640", "w960", "w1280")


def avif(*variants: str, codec: Codec = Codec.AVIF) -> VariantFrame:
    return VariantFrame(variants, AVIF, codec, 500, 400)


def lazy(*variants: str, copy_of: str = "") -> LazyFile:
    return LazyFile(variants, WEBP, Codec.WEBP, 500, 400, copy_of=copy_of)


def listed(variants: VariantSet) -> list[str]:
    """Return what the manifest lists."""
    stored = [f"{each.variant}.{each.slot}" for each in variants.stored]
    return [*stored, *(f"{each.variant}.{each.slot}" for each in variants.lazy)]


def test_of_equal_rungs_the_first_is_stored_and_the_others_are_copies() -> None:
    variants = VariantSet(RECIPE, has_renderer=True)

    stored = variants.add_file(avif(*SHARED), 100)

    assert stored == ("w640",)
    assert variants.names == {"w640.avif"}
    assert variants.size_bytes == 100
    assert variants.equal == {"w960.avif": "w640.avif", "w1280.avif": "w640.avif"}
    assert listed(variants) == ["w640.avif"]


def test_without_a_renderer_all_equal_rungs_are_stored() -> None:
    variants = VariantSet(RECIPE.all_eager(), has_renderer=False)

    stored = variants.add_file(avif(*SHARED), 100)

    assert stored == SHARED
    assert listed(variants) == ["w640.avif", "w960.avif", "w1280.avif"]
    assert variants.size_bytes == 300
    assert variants.equal == {}


def test_a_variant_with_a_name_of_its_own_is_stored_beside_an_equal_rung() -> None:
    """A page asks for `thumb` by its name, and for rungs by what the manifest lists."""
    variants = VariantSet(RECIPE, has_renderer=True)

    stored = variants.add_file(avif("w960", "w1280", "thumb"), 100)

    assert stored == ("w960", "thumb")
    assert variants.equal == {"w1280.avif": "w960.avif"}


def test_a_lazy_file_is_listed_once_for_equal_rungs_and_is_no_copy_of_a_stored_one() -> None:
    variants = VariantSet(RECIPE, has_renderer=True)

    variants.add_lazy(lazy(*SHARED))

    assert variants.names == frozenset()
    assert variants.equal == {}
    assert listed(variants) == ["w640.webp"]


def test_a_lazy_slot_that_shares_the_avif_file_is_a_copy_under_each_of_its_names() -> None:
    variants = VariantSet(RECIPE, has_renderer=True)
    variants.add_file(avif(*SHARED, codec=Codec.WEBP), 100)

    variants.add_lazy(lazy(*SHARED, copy_of="w640.avif"))

    assert variants.equal == {
        "w960.avif": "w640.avif",
        "w1280.avif": "w640.avif",
        "w640.webp": "w640.avif",
        "w960.webp": "w640.avif",
        "w1280.webp": "w640.avif",
    }
    assert listed(variants) == ["w640.avif", "w640.webp"]


MIXED = Recipe(
    "mixed",
    (
        Variant("w640", (AVIF, WEBP), width=640, lazy=(AVIF, WEBP)),
        Variant("w960", (AVIF,), width=960),
        Variant("full", (AVIF,), lazy=(AVIF,)),
    ),
)


def test_a_lazy_variant_that_shares_an_eager_file_is_a_copy_of_it() -> None:
    variants = VariantSet(MIXED, has_renderer=True)

    stored = variants.add_file(avif("w640", "w960", "full", codec=Codec.WEBP), 100)
    variants.add_lazy(lazy("w640", copy_of="w640.avif"))

    assert stored == ("w960",)
    assert variants.equal == {
        "w640.avif": "w960.avif",
        "full.avif": "w960.avif",
        "w640.webp": "w960.avif",
    }
    assert listed(variants) == ["w960.avif", "full.avif", "w640.webp"]
    assert {*variants.equal.values()} <= variants.names


def test_lazy_files_that_were_made_at_upload_are_stored_like_eager_ones() -> None:
    variants = VariantSet(RECIPE, has_renderer=True)

    stored = variants.add_file(VariantFrame(SHARED, WEBP, Codec.WEBP, 500, 400), 100)

    assert stored == ("w640",)
    assert variants.equal == {"w960.webp": "w640.webp", "w1280.webp": "w640.webp"}
    assert variants.lazy == []


def test_a_variant_that_no_frame_tells_of_is_missing() -> None:
    variants = VariantSet(RECIPE, has_renderer=True)
    variants.add_file(avif(*SHARED), 100)
    variants.add_file(avif("w320"), 100)
    variants.add_lazy(lazy(*SHARED))
    variants.add_file(VariantFrame(("thumb",), FALLBACK, Codec.JPEG, 300, 300), 100)

    assert variants.missing() == {"w320.webp", "thumb.avif"}
