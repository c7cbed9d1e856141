from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.codec import Codec
from shared.model.geometry import Size
from shared.model.recipe import Fit, Gravity, Recipe, Slot, Variant
from shared.model.recipe_reader import read_recipes
from shared.model.renditions import Rendition, plan_renditions
from tests.support.recipes import shipped

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot
SHIPPED = read_recipes(shipped()).recipes
RESPONSIVE = SHIPPED[-1]
WIDTHS = (1920, 1280, 640, 320)

sizes = st.builds(Size, st.integers(1, 20_000), st.integers(1, 20_000))
box = st.integers(1, 2000)
variants = st.builds(
    Variant,
    name=st.just("any"),
    slots=st.sets(st.sampled_from(Slot), min_size=1).map(tuple),
    width=box,
    height=box,
    fit=st.sampled_from(Fit),
    gravity=st.sampled_from(Gravity),
    quality=st.sampled_from([{"jpeg": 80}, {"jpeg": 85}]),
)
recipes = st.one_of(
    st.sampled_from(SHIPPED),
    st.lists(variants, min_size=1, max_size=6).map(
        lambda entries: Recipe("any", tuple(_renamed(each, at) for at, each in enumerate(entries)))
    ),
)


def _renamed(variant: Variant, at: int) -> Variant:
    return Variant(
        name=f"v{at}",
        slots=variant.slots,
        width=variant.width,
        height=variant.height,
        fit=variant.fit,
        gravity=variant.gravity,
        quality=variant.quality,
    )


def names(rendition: Rendition) -> list[tuple[str, Slot]]:
    return [(name, slot) for slot, wanted in rendition.names.items() for name in wanted]


def widths(renditions: tuple[Rendition, ...]) -> list[int]:
    return [each.fitted.canvas.width for each in renditions]


def test_a_large_source_has_a_rendition_for_each_rung() -> None:
    renditions = plan_renditions(RESPONSIVE, Size(6000, 4000))

    assert widths(renditions) == [1920, 1280, 960, 640, 300, 320]
    assert [each.is_cropped_or_padded for each in renditions] == [
        False,
        False,
        False,
        False,
        True,
        False,
    ]


def test_the_rungs_wider_than_a_source_share_one_rendition() -> None:
    renditions = plan_renditions(RESPONSIVE, Size(1000, 500))

    assert widths(renditions) == [1000, 960, 640, 300, 320]
    assert renditions[0].names == {
        AVIF: ("w1280", "w1920"),
        WEBP: ("w1280", "w1920"),
        FALLBACK: ("w1280",),
    }


def test_a_tiny_square_source_is_encoded_once_for_everything() -> None:
    (rendition,) = plan_renditions(RESPONSIVE, Size(16, 16))

    assert rendition.fitted.canvas == Size(16, 16)
    assert rendition.names[AVIF] == ("w320", "w640", "w960", "w1280", "w1920", "thumb")
    assert rendition.names[FALLBACK] == ("w640", "w1280", "thumb")


def test_the_same_pixels_in_other_qualities_are_two_renditions() -> None:
    fine = Variant("fine", (WEBP,), width=100, quality={"webp": 95})
    rough = Variant("rough", (WEBP,), width=100, quality={"webp": 40})

    renditions = plan_renditions(Recipe("any", (fine, rough)), Size(200, 200))

    assert [each.quality for each in renditions] == [{"webp": 95}, {"webp": 40}]


def test_crops_of_other_gravities_are_two_renditions() -> None:
    crops = tuple(
        Variant(gravity.value, (WEBP,), width=100, height=100, fit=Fit.COVER, gravity=gravity)
        for gravity in (Gravity.CENTRE, Gravity.ATTENTION)
    )

    renditions = plan_renditions(Recipe("any", crops), Size(300, 200))

    assert [each.gravity for each in renditions] == [Gravity.CENTRE, Gravity.ATTENTION]


@given(recipes, sizes)
def test_every_name_of_the_recipe_is_made_exactly_once(recipe: Recipe, source: Size) -> None:
    made = Counter(
        name for rendition in plan_renditions(recipe, source) for name in names(rendition)
    )

    assert made == Counter(recipe.stored_names())
    assert set(made.values()) == {1}


@given(recipes, sizes)
def test_each_rendition_can_be_made_from_the_one_before(recipe: Recipe, source: Size) -> None:
    resized = [source, *(each.fitted.resized for each in plan_renditions(recipe, source))]

    for larger, smaller in pairwise(resized):
        assert smaller.width <= larger.width
        assert smaller.height <= larger.height


@given(recipes, sizes)
def test_no_two_renditions_are_the_same_image(recipe: Recipe, source: Size) -> None:
    renditions = plan_renditions(recipe, source)

    pictures = [
        (
            each.fitted,
            each.gravity if each.is_cropped_or_padded else None,
            tuple(sorted(each.quality.items())),
            tuple(sorted(each.effort.items())),
        )
        for each in renditions
    ]
    assert len(set(pictures)) == len(pictures)


def test_small_images_get_more_effort() -> None:
    recipe = Recipe("r", tuple(Variant(f"w{width}", (Slot.WEBP,), width) for width in WIDTHS))

    efforts = [each.effort for each in plan_renditions(recipe, Size(3000, 2000))]

    assert [effort[Codec.WEBP] for effort in efforts] == [2, 2, 4, 4]


def test_the_effort_of_avif_and_png_is_left_to_the_content() -> None:
    recipe = Recipe("r", (Variant("w320", (Slot.AVIF,), 320),))

    (rendition,) = plan_renditions(recipe, Size(3000, 2000))

    assert not {Codec.AVIF, Codec.PNG} & set(rendition.effort)


def test_the_effort_of_an_animation_depends_on_the_pixels_of_all_frames() -> None:
    recipe = Recipe("r", (Variant("w320", (Slot.WEBP,), 320),))

    (still,) = plan_renditions(recipe, Size(320, 200))
    (moving,) = plan_renditions(recipe, Size(320, 200), frames=10)

    assert (still.effort[Codec.WEBP], moving.effort[Codec.WEBP]) == (4, 2)


def test_the_effort_of_a_recipe_applies_at_every_size() -> None:
    variants = tuple(Variant(f"w{w}", (Slot.AVIF,), w, effort={Codec.AVIF: 3}) for w in WIDTHS)

    efforts = [
        each.effort[Codec.AVIF]
        for each in plan_renditions(Recipe("r", variants), Size(3000, 2000))
    ]

    assert efforts == [3, 3, 3, 3]
