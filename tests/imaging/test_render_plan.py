"""What the limits take from a render is the least that keeps it within them."""

import itertools
from dataclasses import replace

import pytest

from shared.imaging.formats.exif import UPRIGHT
from shared.imaging.intake.memory_cost import memory_cost_bytes
from shared.imaging.intake.probe import ImageHeader
from shared.imaging.intake.render_plan import RenderPlan, plan_render
from shared.model.codec import MAX_SIDE, Codec
from shared.model.errors import Cause, Failure, TooCostly
from shared.model.geometry import MAX_FALLBACK_SIDE, Size
from shared.model.limits import MEBIBYTE, Limits
from shared.model.recipe import Animation, Caps, Recipe, Slot, Variant
from shared.model.reductions import Reduction, SlotLimit, Still
from tests.bench.recipes import default_recipe

pytestmark = pytest.mark.imaging

OPAQUE = ImageHeader(
    "jpeg", Size(1200, 8000), 1, 3, 8, has_alpha=False, is_interlaced=False, orientation=UPRIGHT
)
CLEAR = replace(OPAQUE, format="png", bands=4, has_alpha=True)
MOVING = replace(OPAQUE, format="gif", frames=40, stored=Size(600, 400))
HEADERS: dict[str, ImageHeader] = {
    "jpeg": OPAQUE,
    "long jpeg": replace(OPAQUE, stored=Size(1900, 52_000)),
    "png with alpha": CLEAR,
    "long png with alpha": replace(CLEAR, stored=Size(1000, 30_000)),
    "avif": replace(OPAQUE, format="avif"),
    "moving gif": MOVING,
    "moving webp with alpha": replace(MOVING, format="webp", bands=4, has_alpha=True),
}
LADDER = Recipe("ladder", (*(Variant(f"w{at}", tuple(Slot), at) for at in (320, 960, 1920)),))
FULL = Recipe("full", (Variant("full", tuple(Slot)),))
RECIPES: dict[str, Recipe] = {"a ladder": LADDER, "the full size": FULL}
STEPS = 40


def planned(header: ImageHeader, recipe: Recipe, limits: Limits) -> RenderPlan | None:
    try:
        return plan_render(header, recipe, limits)
    except TooCostly:
        return None


def worth(plan: RenderPlan | None) -> tuple[tuple[int, ...], ...]:
    """Return a number for each good of a plan, the most important first; more is better."""
    if plan is None:
        return ()
    slots = tuple(Slot)
    moves = int(plan.reduction.still is None)
    size = plan.renditions[0].fitted.resized.pixels
    codecs = []
    for rendition in plan.renditions:
        for slot in rendition.names:
            held = rendition.encoded_as(slot)
            assert held is not None
            codecs.append(-slots.index(held))
    # One number per slot only where the renditions are the same ones.
    return ((1,), (moves,), (size,), tuple(codecs))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_less_memory_never_gives_a_better_slot(header: ImageHeader, recipe: Recipe) -> None:
    most = max(memory_cost_bytes(header, plan_full(header, recipe).renditions), 200 * MEBIBYTE)
    sizes = [most * step // STEPS for step in range(STEPS, 0, -1)]

    plans = [planned(header, recipe, Limits(memory_bytes=size)) for size in sizes]

    assert plans[0] is not None
    assert plans[0].reduction == Reduction()
    assert plans[-1] is None
    for more, less in itertools.pairwise(plans):
        assert_no_better(less, more)


def plan_full(header: ImageHeader, recipe: Recipe) -> RenderPlan:
    return plan_render(header, recipe, Limits(memory_bytes=1 << 60))


def assert_no_better(less: RenderPlan | None, more: RenderPlan | None) -> None:
    """Fail if a plan for less memory has a better slot than one for more."""
    one, other = worth(less), worth(more)
    assert one[:3] <= other[:3]
    if one[:3] == other[:3] and one:
        assert all(a <= b for a, b in zip(one[3], other[3], strict=True))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_every_plan_is_within_the_memory_and_has_every_name(
    header: ImageHeader, recipe: Recipe
) -> None:
    for megabytes in range(160, 1500, 40):
        plan = planned(header, recipe, Limits(memory_bytes=megabytes * MEBIBYTE))
        if plan is None:
            continue

        assert memory_cost_bytes(plan.header, plan.renditions) <= megabytes * MEBIBYTE
        names = [
            (name, slot)
            for rendition in plan.renditions
            for slot, names in rendition.names.items()
            for name in names
        ]
        assert sorted(names) == sorted(recipe.stored_names())


def test_an_exact_webp_is_tried_only_where_its_encoder_has_the_memory() -> None:
    header = replace(OPAQUE, format="png", stored=Size(4000, 4000))
    recipe = Recipe("full", (Variant("full", (Slot.WEBP,)),))
    lossy, exact = (
        next(
            size
            for size in range(200, 3000, 5)
            if (plan := planned(header, recipe, Limits(memory_bytes=size * MEBIBYTE)))
            and not plan.reduction.most_pixels
            and is_met(plan.renditions[0])
        )
        for is_met in (lambda one: Slot.WEBP not in one.limits, lambda one: one.allows_exact)
    )

    assert lossy + 400 < exact < lossy + 700


def limits_of(size: Size, *, frames: int = 1, slot: Slot = Slot.AVIF) -> SlotLimit | None:
    kind = "gif" if frames > 1 else "png"
    header = replace(OPAQUE, format=kind, stored=size, frames=frames)
    (rendition,) = plan_full(header, FULL).renditions
    return rendition.limits.get(slot)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("slot", "codec", "frames"),
    [(Slot.AVIF, Codec.AVIF, 1), (Slot.WEBP, Codec.WEBP, 1), (Slot.AVIF, Codec.WEBP, 2)],
)
def test_a_slot_has_its_own_codec_up_to_the_longest_side_of_the_encoder(
    slot: Slot, codec: Codec, frames: int, *, turned: bool
) -> None:
    def size(side: int) -> Size:
        return Size(side, 2) if turned else Size(2, side)

    assert limits_of(size(MAX_SIDE[codec]), frames=frames, slot=slot) is None
    assert limits_of(size(MAX_SIDE[codec] + 1), frames=frames, slot=slot) is SlotLimit.SIDE


def test_no_rung_is_longer_than_every_fallback_can_be() -> None:
    (rendition,) = plan_full(replace(OPAQUE, stored=Size(10, 900_000)), FULL).renditions

    assert rendition.fitted.canvas == Size(1, MAX_FALLBACK_SIDE)
    assert rendition.encoded_as(Slot.AVIF) is Slot.FALLBACK


def test_a_rung_that_no_codec_can_hold_is_made_smaller_and_keeps_its_shape() -> None:
    header = replace(OPAQUE, stored=Size(1900, 52_000))

    plan = plan_render(header, default_recipe(), Limits())

    largest = plan.renditions[0].fitted.resized
    assert plan.reduction.most_pixels
    assert 950 <= largest.width < 1900
    assert abs(largest.height - largest.width * 52_000 / 1900) <= 1


@pytest.mark.parametrize(
    ("size", "held"),
    [
        ((1920, 8500), {"w1920": "webp", "w1280": "avif"}),
        ((1080, 20_000), {"w1920": "fallback", "w960": "fallback", "w640": "avif"}),
        ((790, 36_861), {"w1920": "fallback", "w640": "fallback", "w320": "avif"}),
    ],
)
@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_long_page_keeps_the_width_of_each_rung_of_the_default_recipe(
    size: tuple[int, int], held: dict[str, str], kind: str
) -> None:
    plan = plan_render(
        replace(OPAQUE, format=kind, stored=Size(*size)), default_recipe(), Limits()
    )

    by_name = {
        name: rendition for rendition in plan.renditions for name in rendition.names[Slot.AVIF]
    }
    assert {name: by_name[name].encoded_as(Slot.AVIF) for name in held} == held
    for width in (320, 640, 960, 1280, 1920):
        assert by_name[f"w{width}"].fitted.canvas.width == min(width, size[0])


ANIMATIONS: dict[str, tuple[Recipe, Limits, Still | None]] = {
    "within all": (FULL, Limits(), None),
    "of a recipe for still images": (
        replace(FULL, animation=Animation.FIRST_FRAME),
        Limits(),
        Still.RECIPE,
    ),
    "at the most frames": (replace(FULL, caps=Caps(max_frames=40)), Limits(max_frames=40), None),
    "over the frames of the recipe": (
        replace(FULL, caps=Caps(max_frames=39)),
        Limits(),
        Still.FRAMES,
    ),
    "over the frames of the deployment": (FULL, Limits(max_frames=39), Still.FRAMES),
    "at the most pixels": (FULL, Limits(max_pixels=40 * 240_000), None),
    "over the pixels of the recipe": (
        replace(FULL, caps=Caps(max_pixels=40 * 240_000 - 1)),
        Limits(),
        Still.PIXELS,
    ),
    "over the pixels of the deployment": (FULL, Limits(max_pixels=40 * 240_000 - 1), Still.PIXELS),
    "over the memory": (FULL, Limits(memory_bytes=240 * MEBIBYTE), Still.MEMORY),
}


@pytest.mark.parametrize(
    ("recipe", "limits", "expected"), ANIMATIONS.values(), ids=ANIMATIONS.keys()
)
def test_an_animation_over_a_limit_stands_still(
    recipe: Recipe, limits: Limits, expected: Still | None
) -> None:
    plan = plan_render(MOVING, recipe, limits)

    assert plan.reduction == Reduction(expected)
    assert plan.header.frames == (1 if expected else 40)


def test_a_source_whose_decoder_costs_too_much_is_refused() -> None:
    header = replace(OPAQUE, format="avif", stored=Size(8000, 8000))

    with pytest.raises(Failure) as caught:
        plan_render(header, LADDER, Limits())

    assert (caught.value.cause, caught.value.stage) == (Cause.TOO_COSTLY, "admit")
