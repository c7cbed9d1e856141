"""Animations that are kept, and those of which only the first frame is rendered."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.render import Encoded, Finished, render
from shared.model.errors import Cause, Failure
from shared.model.limits import MEBIBYTE, Limits
from shared.model.recipe import Animation, Caps, Recipe, Slot, Variant
from shared.model.reductions import Still
from tests.support import images

pytestmark = pytest.mark.imaging

PLAIN = Recipe("plain", (Variant("w80", tuple(Slot), width=80),))
PIXELS = images.SMALL[0] * images.SMALL[1]
FRAMES = 4


def frames(data: bytes, recipe: Recipe, limits: Limits = Limits()) -> set[int]:  # noqa: B008 - immutable
    """Return the number of frames in a recipe's files, which the facts must report, too."""
    *files, finished = render(data, recipe, limits)
    assert isinstance(finished, Finished)
    assert finished.facts.frames == FRAMES
    found = set()
    for file in files:
        assert isinstance(file, Encoded)
        found.add(getattr(Image.open(io.BytesIO(file.data)), "n_frames", 1))
    return found


CAPS = [
    (None, FRAMES),
    (Caps(), FRAMES),
    (Caps(max_frames=FRAMES), FRAMES),
    (Caps(max_frames=FRAMES - 1), 1),
    (Caps(max_pixels=FRAMES * PIXELS), FRAMES),
    (Caps(max_pixels=FRAMES * PIXELS - 1), 1),
    (Caps(FRAMES, FRAMES * PIXELS - 1), 1),
    (Caps(FRAMES - 1, FRAMES * PIXELS), 1),
]


@pytest.mark.parametrize(("caps", "shown"), CAPS)
@pytest.mark.parametrize("make", [images.animated_gif, images.animated_webp])
def test_an_animation_over_the_caps_of_its_recipe_becomes_still(
    make: object, caps: Caps | None, shown: int
) -> None:
    assert callable(make)

    assert frames(make(frames=FRAMES), replace(PLAIN, caps=caps)) == {shown}


def test_an_animation_made_still_shows_its_first_frame() -> None:
    data = images.animated_webp(frames=FRAMES)

    capped = list(render(data, replace(PLAIN, caps=Caps(max_frames=1)), Limits()))
    first = list(render(data, replace(PLAIN, animation=Animation.FIRST_FRAME), Limits()))

    assert capped == first
    assert {each.codec for each in capped if isinstance(each, Encoded)} <= {"avif", "webp", "jpeg"}


def test_a_still_image_is_never_over_a_cap() -> None:
    capped = replace(PLAIN, caps=Caps(1, 1))

    assert list(render(images.jpeg(), capped, Limits())) == list(
        render(images.jpeg(), PLAIN, Limits())
    )


@pytest.mark.parametrize("caps", [None, Caps(max_frames=100, max_pixels=1 << 30)])
@pytest.mark.parametrize(
    "limits", [Limits(max_frames=FRAMES - 1), Limits(max_pixels=FRAMES * PIXELS - 1)]
)
def test_an_animation_over_a_limit_of_the_deployment_becomes_still_whatever_the_recipe_says(
    caps: Caps | None, limits: Limits
) -> None:
    assert frames(images.animated_gif(), replace(PLAIN, caps=caps), limits) == {1}


def test_an_animation_that_costs_too_much_memory_stands_still_in_the_memory_there_is() -> None:
    discs = [Image.new("RGBA", (400, 400)) for _ in range(200)]
    for at, disc in enumerate(discs):
        corners = (at, at, at + 200, at + 200)
        ImageDraw.Draw(disc).ellipse(corners, fill=(200, at, 90, 255))
    data = images.saved(discs[0], "GIF", save_all=True, append_images=discs[1:], disposal=2)
    limits = Limits(memory_bytes=400 * MEBIBYTE)
    child = RenderChild(limits.memory_bytes)

    *files, done = child.render(data, Job(PLAIN, limits), time_limit_seconds=100)

    assert isinstance(done, DoneFrame)
    assert (done.reduction.still, done.facts.frames) == (Still.MEMORY, 200)
    for reply in files:
        assert not isinstance(reply, DoneFrame)
        assert getattr(Image.open(io.BytesIO(reply[1])), "n_frames", 1) == 1
    assert child.is_usable()
    child.stop()


def test_an_animation_whose_first_frame_is_over_the_limit_of_pixels_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        frames(images.animated_gif(), PLAIN, Limits(max_pixels=PIXELS - 1))

    assert caught.value.cause is Cause.TOO_MANY_PIXELS


def test_an_animation_made_still_counts_as_one_frame_in_the_limits() -> None:
    limits = Limits(max_frames=1, max_pixels=PIXELS)

    assert frames(images.animated_gif(), replace(PLAIN, caps=Caps(max_frames=2)), limits) == {1}
