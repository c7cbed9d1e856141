"""libvips gets no metadata, and pixels, orientation and credit stay as they are."""

import struct
from collections.abc import Callable

import pytest
import pyvips
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from shared.imaging.credit import Credit, read_credit
from shared.imaging.intake.probe import loader, probe
from shared.imaging.intake.sniff import require_rendered_format
from shared.imaging.metadata.separation import exif_orientation, without_metadata
from shared.model.errors import Failure
from tests.imaging.mutations import Change, Mutation
from tests.imaging.part_edits import WHERE
from tests.support import images, images_by_hand
from tests.support.credits import packet, saved, talkative
from tests.support.hand import jpeg, png, tiff
from tests.support.hostile_metadata import ASCII, EXIF_IFD, HEADER, LONG, WITH_EXIF, directory
from tests.support.profiles import display_p3
from tests.support.size import SIZE

pytestmark = pytest.mark.imaging

BLOBS = ("exif-data", "xmp-data", "iptc-data", "photoshop-data")
TEXTS = ("exif-ifd", "png-comment", "jpeg-thumbnail", "jpeg-comment", "image-description")
SHORT, ORIENTATION, COPYRIGHT = 3, 0x112, 0x8298
PACKET = packet(rights=["(c) Ada"], creator=[])
EXAMPLES = SIZE.fuzz_cases // 20


def _credited(circle: bool = True) -> bytes:  # noqa: FBT001, FBT002 - a maker for tests
    """Return EXIF of a picture on its side by Ada, and a directory that points to itself."""
    name = b"(c) Ada\0"
    end = 8 + len(directory([(0, 0, 0, 0)] * 3))
    target = 8 if circle else end
    return (
        HEADER
        + directory(
            [
                (ORIENTATION, SHORT, 1, 6),
                (COPYRIGHT, ASCII, len(name), end),
                (EXIF_IFD, LONG, 1, target),
            ]
        )
        + name
    )


SOURCES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: talkative("JPEG"),
    "webp": lambda: talkative("WEBP"),
    "png": lambda: talkative("PNG"),
    "avif": lambda: talkative("AVIF"),
    "tiff": lambda: saved(
        "TIFF", tiffinfo={270: "secret title", 700: PACKET}, icc_profile=display_p3()
    ),
}


def fields(data: bytes) -> list[str]:
    """Return the metadata fields that libvips makes of a file, by bytes that need no UTF-8."""
    image = loader(require_rendered_format(data))(data, access="sequential")
    texts = [name for name in image.get_fields() if name.startswith(TEXTS)]
    return [name for name in BLOBS if image.get_typeof(name)] + texts


def separated(data: bytes) -> bytes:
    return without_metadata(require_rendered_format(data), data)


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_libvips_gets_the_same_pixels_and_no_metadata(make: Callable[[], bytes]) -> None:
    data = make()

    left = separated(data)

    open_pixels = loader(require_rendered_format(data))
    assert fields(data)
    assert fields(left) == []
    assert open_pixels(left).write_to_memory() == open_pixels(data).write_to_memory()
    assert open_pixels(left).get_typeof("icc-profile-data")
    assert separated(left) is left


@pytest.mark.parametrize("name", WITH_EXIF)
def test_orientation_and_credit_of_a_hostile_exif_are_read(name: str) -> None:
    data = WITH_EXIF[name](_credited())

    found = read_credit(data, name.lower(), ("copyright",))

    assert found == Credit(copyright="(c) Ada")
    if name in {"JPEG", "PNG", "WebP"}:  # AVIF and HEIC have their orientation elsewhere
        assert probe(data).orientation == exif_orientation(name.lower(), data) == 6


PLAIN: dict[str, bytes] = {
    "jpeg": images.jpeg(),
    "progressive jpeg": images.jpeg(progressive=True),
    "png": images.png(),
    "gif": images.animated_gif(),
    "webp": images.webp(),
    "moving webp": images.animated_webp(),
    "avif": images.avif(),
    "bmp": images_by_hand.bmp(bytes(24)),
    "tiff": tiff.tiff(64),
}


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN.keys())
def test_a_file_without_metadata_is_not_copied(data: bytes) -> None:
    assert separated(data) is data


EXIF = jpeg.segment(0xE1, b"Exif\0\0" + _credited(circle=False))
HIDDEN: dict[str, bytes] = {
    "plain": EXIF,
    "behind stray bytes": b"stray" + EXIF,
    "behind a marker without a length": b"\xff\x01\xff\xff" + EXIF,
    "behind a restart marker": b"\xff\xd0\xff\xff" + EXIF,
    "behind fill bytes": b"\xff\xff\xff" + EXIF,
    "behind a stuffed byte": b"\xff\x00\xff\xff" + EXIF,
    "behind a segment of no length": b"\xff\xfe\x00\x00" + EXIF,
    "twice": EXIF + EXIF,
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN.keys())
def test_no_exif_of_a_jpeg_gets_through(hidden: bytes) -> None:
    plain = images.jpeg()
    second = plain.index(b"\xff\xdb")

    left = separated(plain[:second] + hidden + plain[second:])

    assert fields(left) == []
    assert left == plain


def test_scans_cannot_hide_behind_a_marker_without_a_length() -> None:
    data = jpeg.progressive(2000, 2000, components=3, scans=5000)
    first = data.index(b"\xff\xda")

    with pytest.raises(Failure) as caught:
        probe(data[:first] + b"\xff\x01" + data[first:])

    assert caught.value.cause == "too_costly"


MUTATIONS = st.lists(
    st.builds(
        Mutation, st.sampled_from(Change), st.integers(0, WHERE - 1), st.integers(0, (1 << 20) - 1)
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SOURCES)
def test_no_metadata_of_a_broken_file_gets_through(name: str) -> None:
    whole = SOURCES[name]()

    @seed(f"{SIZE.seed} {name}")
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(MUTATIONS)
    def holds(mutations: list[Mutation]) -> None:
        broken = whole
        for mutation in mutations:
            broken = mutation.apply(broken)
        try:
            found = fields(without_metadata(name, broken))
        except (pyvips.Error, UnicodeDecodeError, Failure):
            return  # no image, so no metadata
        assert found == []

    holds()


def test_a_tiff_keeps_the_first_of_equal_tags_and_one_directory() -> None:
    data = tiff.document(3)
    width = struct.pack("<HHII", tiff.WIDTH, tiff.LONG, 1, 8)
    doubled = data.replace(width, width + struct.pack("<HHII", tiff.WIDTH, tiff.LONG, 1, 9))

    image = pyvips.Image.tiffload_buffer(separated(data))

    assert not image.get_typeof("n-pages") or image.get("n-pages") == 1
    assert pyvips.Image.tiffload_buffer(separated(doubled)).width == 8


def test_the_texts_of_a_png_do_not_count() -> None:
    data = png.with_chunks(b"tEXt", b"Title\0secret", count=1000)

    assert fields(separated(data)) == []


@pytest.mark.parametrize("rest", [bytes(1000), images.webp(), b"x"], ids=["zeros", "another", "x"])
@pytest.mark.parametrize("whole", [images.webp(), images.animated_webp()], ids=["still", "moving"])
def test_what_follows_the_end_of_a_webp_is_left_out(whole: bytes, rest: bytes) -> None:
    assert without_metadata("webp", whole + rest) == whole
    assert probe(whole + rest) == probe(whole)
