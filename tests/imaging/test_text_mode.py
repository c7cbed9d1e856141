"""A picture that was changed as if it were text is refused, and says so."""

from collections.abc import Callable

import pytest

from shared.imaging.intake.probe import probe
from shared.model.errors import NotAnImage
from tests.support import images, images_heic

pytestmark = pytest.mark.imaging

SIZE = (320, 240)
FILES: dict[str, bytes] = {
    "jpeg": images.jpeg(SIZE),
    "png": images.png(SIZE),
    "gif": images.animated_gif(SIZE),
    "webp": images.webp(SIZE),
    "avif": images.avif(SIZE),
    "heic": images_heic.heic(images.detail(SIZE)),
    "bmp": images.saved(images.detail(SIZE), "BMP"),
}
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "line ends": lambda data: data.replace(b"\n", b"\r\n"),
    "as Latin-1": lambda data: data.decode("latin-1").encode(),
    "as UTF-8": lambda data: data.decode(errors="replace").encode(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("data", FILES.values(), ids=FILES.keys())
def test_a_picture_that_was_changed_as_text_says_so(
    data: bytes, change: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(NotAnImage) as caught:
        probe(change(data))

    assert "as if it were text" in caught.value.detail


@pytest.mark.parametrize("colour", [(10, 13, 10), (13, 10, 13), (0xC3, 0xA9, 0xC3)])
@pytest.mark.parametrize("format_name", ["BMP", "TIFF", "PNG", "GIF"])
def test_flat_colours_are_no_text(colour: tuple[int, int, int], format_name: str) -> None:
    header = probe(images.saved(images.plain(colour, size=(64, 64)), format_name))

    assert header.stored.pixels == 64 * 64
