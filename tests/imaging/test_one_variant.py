"""One variant made alone has the very bytes that it has beside all others."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job, VariantFrame
from shared.imaging.encoding import slots as slots_module
from shared.imaging.encoding.encode import Encoder, encode
from shared.imaging.render import Encoded, Finished, accept, render
from shared.model.codec import Codec
from shared.model.errors import OnlyAtUpload
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.recipe import (
    Animation,
    Caps,
    Fit,
    Gravity,
    Recipe,
    Slot,
    Variant,
    Watermark,
)
from tests.imaging.children import EVERY_SLOT_JOB, PATIENCE_SECONDS
from tests.imaging.drawn import line_art
from tests.support import images

pytestmark = pytest.mark.imaging

ALL = tuple(Slot)
# The fallback is not in every rung, as in the default recipe.
RECIPE = Recipe(
    "several",
    (
        *(Variant(f"w{at}", (Slot.AVIF, Slot.WEBP), width=at) for at in (48, 96)),
        Variant("w240", ALL, width=240),
        Variant("thumb", ALL, 40, 40, Fit.COVER, Gravity.FOCAL),
        Variant("box", (Slot.FALLBACK,), 60, 60, Fit.CONTAIN),
    ),
)


@dataclass(frozen=True)
class Case:
    """A source and its recipe, with what belongs to them."""

    make: Callable[[], bytes]
    recipe: Recipe = RECIPE
    focal: Focal | None = None
    watermark: bytes = b""
    files: int = field(default=11, kw_only=True)


CASES: dict[str, Case] = {
    "jpeg": Case(lambda: images.jpeg((320, 240))),
    "a drawing": Case(lambda: images.saved(line_art((320, 240)), "PNG")),
    "alpha": Case(lambda: images.alpha_png((320, 240))),
    "alpha on a background": Case(
        lambda: images.alpha_png((320, 240)), replace(RECIPE, background=(1, 2, 3))
    ),
    "a source narrower than two rungs": Case(lambda: images.png((80, 60)), files=9),
    "a source that is smaller than all": Case(lambda: images.png((30, 20)), files=7),
    "a crop around the focal point": Case(lambda: images.jpeg((320, 240)), focal=Focal(0.9, 0.2)),
    "a watermark": Case(
        lambda: images.jpeg((320, 240)),
        replace(RECIPE, watermark=Watermark("logo.png")),
        watermark=images.alpha_png((40, 20)),
    ),
    "the first frame of an animation": Case(
        lambda: images.animated_gif((320, 240)), replace(RECIPE, animation=Animation.FIRST_FRAME)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_variant_made_alone_is_the_file_that_is_made_beside_all_others(case: Case) -> None:
    source = case.make()
    options = {"focal": case.focal, "watermark": case.watermark}
    *files, whole = render(source, case.recipe, Limits(), **options)  # type: ignore[arg-type]
    assert isinstance(whole, Finished)
    made = {
        (name, each.slot): each
        for each in files
        if isinstance(each, Encoded)
        for name in each.variants
    }
    assert len(files) == case.files

    for only in case.recipe.stored_names():
        accepted = accept(source, case.recipe, Limits(), only=only, **options)  # type: ignore[arg-type]
        alone, finished = accepted.render()

        assert alone == made[only], only
        assert finished == Finished(whole.facts, None)


def test_the_file_of_equal_rungs_names_all_of_them() -> None:
    alone, _ = accept(images.png((80, 60)), RECIPE, Limits(), only=("w240", Slot.AVIF)).render()

    assert isinstance(alone, Encoded)
    assert alone.variants == ("w96", "w240")


def test_no_other_file_is_encoded_than_those_that_its_slot_is_compared_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[Codec] = []

    def noting(image: object, encoder: Encoder, **options: object) -> bytes:
        encoded.append(encoder.codec)
        return encode(image, encoder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(slots_module, "encode", noting)
    source = images.jpeg((320, 240))

    made = [
        list(accept(source, RECIPE, Limits(), only=only).render())
        for only in (("w240", Slot.FALLBACK), ("thumb", Slot.WEBP))
    ]

    assert [len(each) for each in made] == [2, 2]
    assert encoded == [Codec.JPEG, Codec.JPEG, Codec.WEBP]


@pytest.mark.parametrize(
    ("recipe", "is_refused"),
    [
        (RECIPE, True),
        (replace(RECIPE, animation=Animation.FIRST_FRAME), False),
        (replace(RECIPE, caps=Caps(max_frames=2)), False),
    ],
    ids=["moves", "first frame", "over the caps"],
)
def test_a_variant_that_moves_is_made_at_upload_only(recipe: Recipe, *, is_refused: bool) -> None:
    source = images.animated_gif((320, 240))

    if is_refused:
        with pytest.raises(OnlyAtUpload) as caught:
            accept(source, recipe, Limits(), only=("w48", Slot.WEBP))
        assert caught.value.stage == "admit"
    else:
        accept(source, recipe, Limits(), only=("w48", Slot.WEBP))


def test_a_source_that_takes_more_memory_than_the_renderer_has_is_made_at_upload_only() -> None:
    source = images.jpeg((320, 240))
    needed = accept(source, RECIPE, Limits()).plan.memory_bytes
    enough, less = Limits(on_demand_memory_bytes=needed), Limits(on_demand_memory_bytes=needed - 1)

    accept(source, RECIPE, enough, only=("w48", Slot.WEBP))
    accept(source, RECIPE, less)

    with pytest.raises(OnlyAtUpload):
        accept(source, RECIPE, less, only=("w48", Slot.WEBP))


def test_a_job_for_a_name_that_the_recipe_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="thumbs"):
        Job(RECIPE, Limits(), only=("thumbs", Slot.WEBP))


def test_a_child_makes_one_variant_and_then_other_pictures(child: RenderChild) -> None:
    job = msgspec.structs.replace(EVERY_SLOT_JOB, only=("square", Slot.AVIF))
    source, logo = images.jpeg((64, 48)), images.alpha_png((8, 8))

    replies = [
        list(child.render(source, each, time_limit_seconds=PATIENCE_SECONDS, watermark=logo))
        for each in (job, EVERY_SLOT_JOB)
    ]

    (frame, data), done = replies[0]  # type: ignore[misc]
    assert isinstance(done, DoneFrame)
    assert done.placeholder is None
    assert isinstance(frame, VariantFrame)
    assert (frame.variants, frame.slot) == (("square",), Slot.AVIF)
    assert (frame, data) in replies[1]


def test_a_child_that_was_asked_for_a_variant_that_moves_stays_usable(child: RenderChild) -> None:
    job = msgspec.structs.replace(EVERY_SLOT_JOB, only=("square", Slot.AVIF))

    with pytest.raises(OnlyAtUpload):
        list(
            child.render(
                images.animated_gif(),
                job,
                time_limit_seconds=PATIENCE_SECONDS,
                watermark=images.alpha_png((8, 8)),
            )
        )

    assert child.is_usable()
