"""Broken, misleading and unusual files: refused with a cause, or rendered correctly."""

import gzip
from collections.abc import Callable

import pytest

from shared.model.errors import Cause
from shared.model.outcome import Outcome
from tests.faults.delivery import FULL_SET, Delivery, cause, notification
from tests.support import images
from tests.support.bombs import BOMBS
from tests.support.hand import gif

pytestmark = pytest.mark.faults

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">{}</svg>'
VECTORS = {
    "plain": SVG.format(""),
    "with a prologue": '<?xml version="1.0"?>' + SVG.format(""),
    "external entity": '<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    + SVG.format("<text>&e;</text>"),
    "file beside it": SVG.format('<image x:href="file:///etc/passwd"/>'),
    "network": SVG.format('<image x:href="http://169.254.169.254/latest/meta-data/"/>'),
}
NAMED_BOMBS = {
    "AVIF, 8000x8000": Cause.TOO_COSTLY,
    "JPEG, progressive, 30000x30000": Cause.TOO_MANY_PIXELS,
    "GIF, 400000 frames of a pixel": Cause.TOO_MANY_FRAMES,
}
SIZED: dict[str, tuple[Callable[[], bytes], tuple[int, int]]] = {
    "1x1": (lambda: images.png((1, 1)), (1, 1)),
    "1x16384": (lambda: images.png((1, 16_384)), (1, 16_384)),
    "16384x1": (lambda: images.png((16_384, 1)), (16_384, 1)),
    "CMYK": (lambda: images.jpeg(mode="CMYK"), images.SMALL),
    "grey": (lambda: images.jpeg(mode="L"), images.SMALL),
    "grey and alpha": (images.grey_alpha_png, images.SMALL),
    "16 bits": (images.deep_png, images.SMALL),
    "wide gamut": (images.wide_gamut_jpeg, images.SMALL),
    "upside down": (lambda: images.oriented_jpeg(3), images.SMALL),
    "on its side": (lambda: images.oriented_jpeg(6), images.SMALL),
}


@pytest.mark.case(40)
@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS.keys())
@pytest.mark.parametrize("packed", [False, True], ids=["svg", "svgz"])
def test_a_vector_named_jpg_is_refused_by_its_first_bytes_and_no_decoder_sees_it(
    delivery: Delivery,
    text: str,
    packed: bool,  # noqa: FBT001 - a parameter
) -> None:
    data = gzip.compress(text.encode(), mtime=0) if packed else text.encode()
    delivery.world.drop("vector.jpg", data)

    (result,) = delivery.deliver(notification("vector.jpg"))

    (dead_letter,) = delivery.queues.sent
    assert result.is_acknowledged
    assert cause(result.outcome) is Cause.UNSUPPORTED_FORMAT
    assert dead_letter.attributes["stage"] == "sniff"
    assert delivery.world.stored() == {}


@pytest.mark.case(19)
def test_bombs_are_refused_by_their_headers_and_their_mates_are_made(delivery: Delivery) -> None:
    for name in NAMED_BOMBS:
        delivery.world.drop(name, BOMBS[name].make())
    delivery.world.drop("good.jpg", images.jpeg())

    *bombs, good = delivery.deliver(*[notification(key) for key in (*NAMED_BOMBS, "good.jpg")])

    assert [cause(result.outcome) for result in bombs] == list(NAMED_BOMBS.values())
    assert all(result.is_acknowledged for result in bombs)
    assert good.outcome is Outcome.MADE
    assert delivery.world.stored_names("good.jpg") == FULL_SET


@pytest.mark.case(43)
@pytest.mark.parametrize(("make", "size"), SIZED.values(), ids=SIZED.keys())
def test_an_unusual_picture_is_made_upright_and_never_enlarged(
    delivery: Delivery, make: Callable[[], bytes], size: tuple[int, int]
) -> None:
    delivery.world.drop("odd", make())

    outcome = delivery.process("odd")

    manifest = delivery.world.manifest("odd")
    source = (manifest["source"]["width"], manifest["source"]["height"])
    assert outcome is Outcome.MADE
    assert source == size
    assert all(each["width"] <= size[0] for each in manifest["variants"])
    assert all(each["height"] <= size[1] for each in manifest["variants"])


@pytest.mark.case(43)
def test_a_source_of_no_bytes_is_refused(delivery: Delivery) -> None:
    delivery.world.drop("empty.jpg", b"")

    outcome = delivery.process("empty.jpg")

    assert cause(outcome) is Cause.NOT_AN_IMAGE
    assert delivery.world.item("empty.jpg")["cause"] == {"S": "not_an_image"}


@pytest.mark.case(44)
def test_an_animation_of_ten_thousand_frames_is_refused_before_one_is_decoded(
    delivery: Delivery,
) -> None:
    delivery.world.drop("moving.gif", gif.gif(64, 64, frames=10_000))

    outcome = delivery.process("moving.gif")

    assert cause(outcome) is Cause.TOO_MANY_FRAMES
    assert delivery.world.stored() == {}
