"""Only the picture of a source is published, and no pixel of another source."""

import pytest

from shared.imaging.intake.sniff import sniff
from shared.model.outcome import Outcome
from tests.faults.delivery import Delivery, notification
from tests.functional.conftest import VARIANTS
from tests.imaging.test_privacy import TELLTALES
from tests.support import images

pytestmark = pytest.mark.faults

SCRIPT = b"<script>alert(document.domain)</script>"
RED, BLUE = (255, 0, 0), (0, 0, 255)
CARRIERS = {
    "behind a JPEG": (images.jpeg() + b"<html>" + SCRIPT, "a.jpg"),
    "in a JPEG that is named html": (images.jpeg() + SCRIPT, "a.html"),
    "in a comment": (images.saved(images.detail((64, 48)), "JPEG", comment=SCRIPT), "a.jpg"),
    "behind a PNG": (images.png() + SCRIPT, "a.svg"),
    "behind a GIF": (images.saved(images.detail((64, 48)), "GIF") + SCRIPT, "a.js"),
}


@pytest.mark.case(41)
@pytest.mark.parametrize(("data", "key"), CARRIERS.values(), ids=CARRIERS.keys())
def test_of_a_picture_that_carries_a_script_only_the_picture_is_published(
    delivery: Delivery, data: bytes, key: str
) -> None:
    assert SCRIPT in data
    delivery.world.drop(key, data)

    outcome = delivery.process(key)

    files = stored_files(delivery)
    heads = delivery.world.stored()
    types = {place: heads[place]["ContentType"] for place in files}
    assert outcome is Outcome.MADE
    assert not any(b"<script" in file for file in files.values())
    assert types == {place: f"image/{sniff(file)}" for place, file in files.items()}


@pytest.mark.case(42)
def test_no_variant_has_the_personal_metadata_of_its_source(
    delivery: Delivery,
) -> None:
    delivery.world.drop("a.jpg", images.oriented_jpeg(6), {"owner": "Somebody"})

    delivery.process("a.jpg")

    ours = {"pixfleet-source-etag", "pixfleet-recipe", "pixfleet-version"}
    assert all(
        [word for word in TELLTALES if word in file] == []
        for file in stored_files(delivery).values()
    )
    assert all(set(head["Metadata"]) <= ours for head in delivery.world.stored().values())


@pytest.mark.case(46)
def test_a_name_that_is_used_again_shows_the_new_picture_only(delivery: Delivery) -> None:
    delivery.world.drop("a.png", images.saved(images.plain(RED), "PNG"))
    delivery.process("a.png")
    delivery.world.drop("a.png", images.saved(images.plain(BLUE), "PNG"))

    delivery.process("a.png")

    assert all(is_blue(delivery, "a.png", name) for name in ("w32.webp", "w64.fallback"))


@pytest.mark.case(46)
def test_one_name_in_ten_folders_in_one_batch_is_ten_pictures(delivery: Delivery) -> None:
    keys = [f"customer-{number}/logo.png" for number in range(10)]
    for number, key in enumerate(keys):
        colour = BLUE if number % 2 else RED
        delivery.world.drop(key, images.saved(images.plain(colour), "PNG"))

    delivery.deliver(*[notification(key) for key in keys])

    shown = [is_blue(delivery, key, "w32.webp") for key in keys]
    assert shown == [bool(number % 2) for number in range(10)]


def stored_files(delivery: Delivery) -> dict[str, bytes]:
    """Return every stored variant, manifests left out."""
    s3, places = delivery.world.clients.s3, delivery.world.stored()
    return {
        place: s3.get_object(Bucket=VARIANTS, Key=place)["Body"].read()
        for place in places
        if not place.endswith("/manifest.json")
    }


def is_blue(delivery: Delivery, key: str, name: str) -> bool:
    red, _, blue = delivery.colour(key, name)
    return blue > red + 150
