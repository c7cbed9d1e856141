"""HEIC, read by pillow-heif: memory cost, truncation, orientation, and only in the child."""

import sys
from dataclasses import replace

import pillow_heif
import pytest
from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import Job
from shared.imaging.intake.memory_cost import SOURCE_COPIES, memory_cost_bytes
from shared.imaging.intake.probe import probe
from shared.model.errors import Cause, Failure
from shared.model.limits import Limits
from shared.model.renditions import plan_renditions
from tests.imaging.children import SMALL_JOB, rendered
from tests.imaging.rendering import EXACT, colour, near, refused
from tests.support import images, images_heic
from tests.support.images import plain

pytestmark = pytest.mark.imaging

RED = (200, 60, 40)
HALF = (*RED, 128)
KINDS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "4:4:4": (images_heic.heic(plain(RED)), RED),
    "4:2:0": (images_heic.heic(plain(RED), chroma="420"), RED),
    "grey": (images_heic.heic(plain(100, "L")), (100, 100, 100)),
    "alpha": (images_heic.heic(plain(HALF, "RGBA")), HALF),
    "10 bits": (images_heic.deep_heic(RED), RED),
    "10 bits and alpha": (images_heic.deep_heic(HALF), HALF),
    "grey of 10 bits": (images_heic.deep_heic((100,)), (100, 100, 100)),
    "the second is the primary": (
        images_heic.heic_of_several(plain(RED), plain((0, 0, 255))),
        RED,
    ),
}


@pytest.mark.parametrize(("data", "wanted"), KINDS.values(), ids=KINDS.keys())
def test_every_heic_format_keeps_its_colours(data: bytes, wanted: tuple[int, ...]) -> None:
    assert near(colour(data), wanted, 3)


@pytest.mark.parametrize("make", [images_heic.heic, images_heic.grid_heic], ids=["one", "grid"])
@pytest.mark.parametrize("part", [0.02, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_heic_is_refused_and_never_half_grey(make: object, part: float) -> None:
    assert callable(make)
    data = make()

    assert refused(data[: int(part * len(data))]).cause is Cause.TRUNCATED


def test_a_heic_whose_last_box_has_no_length_is_measured_by_its_items() -> None:
    data = images_heic.grid_heic()
    at = data.find(b"mdat") - 4
    endless = data[:at] + bytes(4) + data[at + 4 :]

    assert near(colour(endless), colour(data))
    assert refused(endless[: len(data) - 50]).cause is Cause.TRUNCATED


def test_an_avif_that_calls_itself_heic_is_unsupported() -> None:
    data = images.avif().replace(b"avif", b"heic")

    assert refused(data).cause is Cause.UNSUPPORTED_FORMAT


def test_a_heic_sequence_without_a_still_image_is_unsupported() -> None:
    data = b"\0\0\0\x18ftyphevc\0\0\0\0hevcmsf1" + b"\0\0\0\x10moov" + bytes(8)

    assert refused(data).cause is Cause.UNSUPPORTED_FORMAT


@pytest.fixture(name="without_readers")
def _without_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pillow_heif", "PIL.BmpImagePlugin"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_readers")
@pytest.mark.parametrize("format_name", ["HEIC", "BMP"])
def test_without_pillow_heif_the_refusal_says_what_to_install(format_name: str) -> None:
    data = KINDS["4:2:0"][0] if format_name == "HEIC" else images.saved(plain(RED), "BMP")

    failure = refused(data)

    assert failure.cause is Cause.UNSUPPORTED_FORMAT
    assert "install pixfleet[heic]" in failure.detail


def test_the_header_is_read_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    data = images_heic.heic(images.with_alpha((80, 60)))
    monkeypatch.setattr(pillow_heif.HeifImage, "load", lambda _self: pytest.fail("decoded"))

    header = probe(data)

    assert (header.stored.width, header.stored.height) == (80, 60)
    assert (header.bands, header.bits, header.has_alpha) == (4, 8, True)


def test_the_memory_cost_of_ten_bits_is_that_of_sixteen() -> None:
    header = probe(KINDS["10 bits"][0])

    assert (header.bands, header.bits, header.has_alpha) == (3, 16, False)


@pytest.mark.parametrize(
    "data",
    [KINDS["4:2:0"][0], images.saved(plain(RED), "BMP")],
    ids=["heic", "bmp"],
)
def test_a_child_renders_it_within_its_bounds(child: RenderChild, data: bytes) -> None:
    done = rendered(child, data)

    assert done.facts.width == images.SMALL[0]
    assert done.facts.format in {"heic", "bmp"}


BIG = (5000, 4000)
FAST = {"enc_params": {"preset": "ultrafast"}, "quality": 10}


def turned(picture: Image.Image) -> bytes:
    picture.info["exif"] = images.exif(6).tobytes()
    return images_heic.as_stored(picture, **FAST).replace(b"miaf", b"mif2", 1)


LARGE = {
    "heic": lambda: images_heic.heic(plain(RED, size=BIG), **FAST),
    "heic with alpha turned by exif": lambda: turned(plain(HALF, "RGBA", BIG)),
    "bmp": lambda: images.saved(plain(RED, size=BIG), "BMP"),
    "bmp with a palette": lambda: images.saved(
        images.detail((50, 40)).quantize(64).resize(BIG), "BMP"
    ),
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE.keys())
def test_a_heic_within_its_memory_cost_is_rendered(make: object) -> None:
    assert callable(make)
    data = make()
    header = probe(data)
    price = memory_cost_bytes(header, plan_renditions(SMALL_JOB.recipe, header.upright))
    price += SOURCE_COPIES * len(data)
    limits = replace(Limits(), memory_bytes=price)
    child = RenderChild(price)

    done = rendered(child, data, Job(SMALL_JOB.recipe, limits))

    child.stop()
    assert {done.facts.width, done.facts.height} == {*BIG}


def test_a_heic_over_its_memory_is_too_costly_and_the_child_stays_alive(
    child: RenderChild,
) -> None:
    data = KINDS["4:2:0"][0]
    tight = Job(EXACT, replace(Limits(), memory_bytes=1 << 20))

    with pytest.raises(Failure) as caught:
        rendered(child, data, tight)

    assert caught.value.cause is Cause.TOO_COSTLY
    assert rendered(child, data).facts.format == "heic"
