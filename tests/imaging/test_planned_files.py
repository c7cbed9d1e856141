"""What the parent expects of a child is what the engine makes, for every kind of source."""

import io
from collections.abc import Callable
from dataclasses import astuple, replace

import numpy as np
import pytest
from PIL import Image

from shared.imaging import render as render_module
from shared.imaging.render import Encoded, accept
from shared.model.errors import TooCostly
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.planned_files import plan_files
from shared.model.recipe import Animation, Caps, Fit, Gravity, Recipe, Slot, Variant
from tests.support import images

pytestmark = pytest.mark.imaging

ALL = tuple(Slot)
RECIPES: dict[str, Recipe] = {
    "a ladder": Recipe("a", tuple(Variant(f"w{at}", ALL, width=at) for at in (16, 32, 64, 640))),
    "crops and boxes": Recipe(
        "b",
        (
            Variant("square", ALL, 24, 24, Fit.COVER, Gravity.ATTENTION),
            Variant("focal", (Slot.WEBP,), 30, 10, Fit.COVER, Gravity.FOCAL),
            Variant("box", (Slot.FALLBACK, Slot.WEBP), 50, 20, Fit.CONTAIN),
            Variant("full", (Slot.FALLBACK,)),
        ),
    ),
    "a background": Recipe("c", (Variant("w32", ALL, width=32),), background=(1, 2, 3)),
    "the first frame": Recipe(
        "d", (Variant("w32", ALL, width=32),), animation=Animation.FIRST_FRAME
    ),
    "caps": Recipe("e", (Variant("w32", ALL, width=32),), caps=Caps(max_frames=1)),
}
SOURCES: dict[str, Callable[[], bytes]] = {
    "jpeg": images.jpeg,
    "on its side": lambda: images.oriented_jpeg(6),
    "png with alpha": images.alpha_png,
    "gif": images.animated_gif,
    "avif": images.avif,
    "longer than better codecs hold": lambda: images.png((2, 20_000)),
    "longer than any codec holds": lambda: images.png((2, 70_000)),
    "one pixel": lambda: images.png((1, 1)),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_the_planned_files_are_those_that_are_made(
    make: Callable[[], bytes], recipe: Recipe
) -> None:
    focal = Focal(0.9, 0.2)
    accepted = accept(make(), recipe, Limits(), focal=focal)

    planned = plan_files(recipe, accepted.facts, accepted.reduction, focal)

    made = [each for each in accepted.render() if isinstance(each, Encoded)]
    assert [(each.variants, each.slot, astuple(each.size), each.limit) for each in planned] == [
        (each.variants, each.slot, (each.width, each.height), each.limit) for each in made
    ]
    assert all(len(file.data) < plan.max_bytes for file, plan in zip(made, planned, strict=True))


BEST: dict[str, int] = {"avif": 100, "webp": 100, "jpeg": 100}
LOWEST_EFFORT: dict[str, int] = {"avif": 0, "webp": 0, "jpeg": 0, "png": 0, "gif": 1}


def noise(bands: str, side: int, frames: int = 1) -> bytes:
    """Return an image that no codec can compress."""
    random, buffer = np.random.default_rng(7), io.BytesIO()
    pictures = [
        Image.fromarray(random.integers(0, 256, (side, side, len(bands)), np.uint8), bands)
        for _ in range(frames)
    ]
    kind = "PNG" if frames == 1 else "WEBP"
    options = {"lossless": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(buffer, kind, save_all=frames > 1, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize(
    ("bands", "side", "frames"),
    [("RGB", 300, 1), ("RGBA", 300, 1), ("RGB", 100, 5), ("RGBA", 100, 5), ("RGBA", 1, 1)],
)
def test_noise_at_the_best_quality_has_less_than_the_planned_bytes(
    slot: Slot, bands: str, side: int, frames: int
) -> None:
    variant = Variant("full", (slot,), quality=BEST, effort=LOWEST_EFFORT)
    recipe = Recipe("noise", (variant,), placeholder=False)
    accepted = accept(noise(bands, side, frames), recipe, Limits())

    (file,) = [each for each in accepted.render() if isinstance(each, Encoded)]

    (planned,) = plan_files(recipe, accepted.facts, accepted.reduction)
    assert accepted.facts.frames == frames
    assert len(file.data) < planned.max_bytes / 1.5


def test_a_source_with_more_bytes_of_files_than_the_parent_takes_is_too_costly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = replace(RECIPES["a ladder"], placeholder=False)
    files = list(accept(images.jpeg(), recipe, Limits()).render())
    total = sum(len(each.data) for each in files if isinstance(each, Encoded))
    monkeypatch.setattr(render_module, "MAX_FILES_BYTES", total - 1)

    with pytest.raises(TooCostly) as caught:
        list(accept(images.jpeg(), recipe, Limits()).render())

    assert caught.value.stage == "encode"
