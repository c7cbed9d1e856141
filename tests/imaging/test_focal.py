"""The focal point of a source stays in every crop, in every orientation."""

import io

import pytest
from PIL import Image

from shared.imaging.render import Encoded, render
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.recipe import Fit, Gravity, Recipe, Slot, Variant
from tests.support import images

pytestmark = pytest.mark.imaging

WIDE, TALL = (160, 40), (40, 160)
LEFT, RIGHT = Focal(0.1, 0.5), Focal(0.9, 0.5)


def cropped(data: bytes, focal: Focal | None, gravity: Gravity = Gravity.FOCAL) -> Image.Image:
    """Return the one variant of a recipe that crops a square."""
    square = Variant("sq", (Slot.WEBP,), 40, 40, Fit.COVER, gravity)
    first, *_ = render(data, Recipe("cut", (square,)), Limits(), focal=focal)
    assert isinstance(first, Encoded)
    picture = Image.open(io.BytesIO(first.data))
    assert picture.size == (40, 40)
    return picture


def colours(picture: Image.Image) -> tuple[str, str]:
    """Return which quarters of `corners` are at the top and at the bottom."""
    names = ("TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT")

    def nearest(found: tuple[int, ...]) -> str:
        distances = {
            name: sum(abs(a - b) for a, b in zip(found, getattr(images, name), strict=True))
            for name in names
        }
        return min(distances, key=distances.__getitem__)

    shown = picture.convert("RGB")
    return nearest(shown.getpixel((20, 5))), nearest(shown.getpixel((20, 35)))  # type: ignore[arg-type] # RGB


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("focal", "seen"),
    [(LEFT, ("TOP_LEFT", "BOTTOM_LEFT")), (RIGHT, ("TOP_RIGHT", "BOTTOM_RIGHT"))],
)
def test_a_focal_point_is_of_the_upright_image(
    orientation: int, focal: Focal, seen: tuple[str, str]
) -> None:
    picture = cropped(images.oriented_jpeg(orientation, WIDE), focal)

    assert colours(picture) == seen


@pytest.mark.parametrize(
    ("focal", "seen"),
    [(Focal(0.5, 0.1), "TOP_LEFT TOP_RIGHT"), (Focal(0.5, 0.9), "BOTTOM_LEFT BOTTOM_RIGHT")],
)
def test_a_tall_image_is_cropped_above_and_below(focal: Focal, seen: str) -> None:
    picture = cropped(images.oriented_jpeg(6, TALL), focal).convert("RGB")

    left, right = picture.crop((0, 0, 18, 40)), picture.crop((22, 0, 40, 40))
    assert " ".join(colours(part.resize((40, 40)))[0] for part in (left, right)) == seen


@pytest.mark.parametrize("format_name", ["GIF", "WEBP"])
def test_every_frame_is_cropped_at_the_focal_point(format_name: str) -> None:
    upright = images.corners(WIDE)
    buffer = io.BytesIO()
    turned = upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    upright.save(buffer, format_name, save_all=True, append_images=[turned], duration=100)

    picture = cropped(buffer.getvalue(), LEFT)

    assert getattr(picture, "n_frames", 1) == 2
    for at, seen in enumerate((("TOP_LEFT", "BOTTOM_LEFT"), ("BOTTOM_LEFT", "TOP_LEFT"))):
        picture.seek(at)
        assert colours(picture) == seen


def test_other_gravities_ignore_the_focal_point() -> None:
    data = images.jpeg(WIDE)

    for gravity in (Gravity.CENTRE, Gravity.ATTENTION, Gravity.ENTROPY):
        assert cropped(data, LEFT, gravity).tobytes() == cropped(data, None, gravity).tobytes()


def test_without_a_focal_point_the_crop_is_gravity_attention() -> None:
    data = images.jpeg(WIDE)

    by_eye = cropped(data, None, Gravity.ATTENTION)

    assert cropped(data, None).tobytes() == by_eye.tobytes()


def test_a_focal_point_in_the_middle_is_gravity_centre() -> None:
    data = images.jpeg(WIDE)

    centred = cropped(data, None, Gravity.CENTRE)

    assert cropped(data, Focal(0.5, 0.5)).tobytes() == centred.tobytes()
