import pytest

from shared.imaging.formats.jpeg_segments import MAX_SEGMENTS
from shared.imaging.intake.bombs import BASE_CHUNKS, MAX_SCANS, refuse_bombs
from shared.imaging.intake.truncation import refuse_truncated
from shared.model.errors import Cause, Failure
from shared.model.limits import MAX_FRAMES_READ
from tests.support.hand import gif, jpeg, png, tiff, webp

pytestmark = pytest.mark.unit

# Beside the segments that are counted, `jpeg.flat` has four tables or headers and a scan.
OWN_SEGMENTS = 5
OWN_CHUNKS = 3

BOUNDS = {
    "jpeg scans": ("jpeg", lambda n: jpeg.progressive(64, 64, scans=n), MAX_SCANS),
    "jpeg segments": (
        "jpeg",
        lambda n: jpeg.with_segments(0xFE, b"x", n - OWN_SEGMENTS),
        MAX_SEGMENTS,
    ),
    "png chunks": (
        "png",
        lambda n: png.with_chunks(b"abCd", b"", count=n - OWN_CHUNKS),
        BASE_CHUNKS + 118,  # for each KB that they make, one more
    ),
    "webp chunks": ("webp", lambda n: webp.moving(1, 1, n - 2), MAX_FRAMES_READ),
    "tiff directories": ("tiff", tiff.document, MAX_FRAMES_READ),
    "gif frames": ("gif", lambda n: gif.gif(1, 1, frames=n), MAX_FRAMES_READ),
}


def refusal(name: str, data: bytes) -> Cause | None:
    try:
        refuse_truncated(name, data)
        refuse_bombs(name, data)
    except Failure as failure:
        return failure.cause
    return None


@pytest.mark.parametrize(("name", "make", "most"), BOUNDS.values(), ids=BOUNDS.keys())
def test_a_file_may_have_as_many_parts_as_the_limit_and_not_one_more(
    name: str, make: object, most: int
) -> None:
    assert callable(make)

    found = [refusal(name, make(count)) for count in (most, most + 1)]

    assert found[0] is None
    assert found[1] in {Cause.TOO_COSTLY, Cause.TOO_MANY_FRAMES}


def test_pixel_data_may_not_be_much_longer_than_the_pixels() -> None:
    most = 2 * 8 * 64 * 64 + 64 * 1024

    found = [refusal("png", png.png(64, 64, body=bytes(most + extra))) for extra in (0, 1)]

    assert found == [None, Cause.TOO_COSTLY]


def test_scans_after_the_end_of_the_image_do_not_count() -> None:
    """Phones append a film to the image, whose bytes may look like markers."""
    film = b"\xff\xda" * 10 * MAX_SCANS

    assert refusal("jpeg", jpeg.progressive(64, 64, scans=5) + film) is None


def test_scans_inside_a_segment_do_not_count() -> None:
    lookalikes = b"\xff\xda" * 2 * MAX_SCANS

    assert refusal("jpeg", jpeg.with_segments(0xE1, lookalikes, 1)) is None


@pytest.mark.parametrize("order", ["little", "big"])
def test_the_directories_of_a_bigtiff_are_counted(order: str) -> None:
    byte_order, version = (b"II", b"+\0") if order == "little" else (b"MM", b"\0+")

    def word(value: int, size: int = 8) -> bytes:
        return value.to_bytes(size, order)  # type: ignore[arg-type] # one of two words

    header = byte_order + version + word(8, 2) + word(0, 2) + word(16)
    # Each directory has no entries and ends with the offset of the next one.
    chain = [word(0) + word(at) for at in range(32, 16 * (MAX_FRAMES_READ + 3), 16)]

    assert refusal("tiff", header + word(0) + word(0)) is None
    assert refusal("tiff", header + b"".join(chain)) is Cause.TOO_MANY_FRAMES


@pytest.mark.parametrize("first", [16, 32])
def test_a_loop_of_directories_is_no_bomb(first: int) -> None:
    pages = b"II+\0\x08\0\0\0" + first.to_bytes(8, "little")
    pages += b"".join(bytes(8) + to.to_bytes(8, "little") for to in (32, 16))

    assert refusal("tiff", pages) is None
