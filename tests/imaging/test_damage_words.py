"""A damaged file is `corrupt`, one that was cut off is `truncated`, and `detail` has the reason.

Damage in the middle leaves a file's end where it is. Decoders report both alike.
"""

import struct
import zlib
from collections.abc import Callable

import pytest

from shared.imaging.render import render
from shared.model.errors import Cause, Failure
from tests.imaging.fuzz_seeds import SeedFile, seeds
from tests.imaging.fuzzing import LIMITS, RECIPE
from tests.imaging.rendering import refused
from tests.support import images
from tests.support.hand.png import MAGIC, chunk
from tests.support.images_heic import heic
from tests.support.size import SIZE as TEST_SIZE

pytestmark = pytest.mark.imaging

SIZE = (64, 64)
NO_REASON = "gave no reason"
VAGUE = ("unable to call", "unable to copy", "bad seek", "error in tile", NO_REASON)
FILES = {each.name: each for each in seeds()}
# At how many places each file is damaged.
PLACES = 20 if TEST_SIZE.is_long else 10


def png(*, checksum: int = 0, pixels: Callable[[bytes], bytes] = bytes) -> bytes:
    """Return a PNG with a changed checksum of its pixels' chunk, or changed deflated pixels."""
    rows = b"".join(b"\0" + bytes(range(64)) * 3 for _ in range(64))
    packed = pixels(zlib.compress(rows))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
    body = bytearray(chunk(b"IDAT", packed))
    body[-1] ^= checksum
    return MAGIC + header + bytes(body) + chunk(b"IEND", b"")


def spoilt(data: bytes, at: float, size: int = 24) -> bytes:
    """Return a file with some bytes replaced, which begin at a share of its length."""
    start = int(at * len(data))
    return (
        data[:start]
        + bytes(each ^ 0xA5 for each in data[start : start + size])
        + data[start + size :]
    )


DAMAGED: dict[str, Callable[[], bytes]] = {
    "png, wrong checksum of the pixels": lambda: png(checksum=1),
    "png, wrong Adler-32": lambda: png(pixels=lambda each: each[:-1] + bytes([each[-1] ^ 1])),
    "png, deflate that ends early": lambda: png(pixels=lambda each: each[: len(each) // 2]),
    "png, no deflate at all": lambda: png(pixels=lambda each: bytes(len(each))),
    "png, bytes replaced": lambda: spoilt(FILES["png"].data, 0.5),
    "interlaced png, bytes replaced": lambda: spoilt(FILES["interlaced png"].data, 0.5),
    "palette png, bytes replaced": lambda: spoilt(FILES["palette png"].data, 0.5),
    "png, a chunk's name": lambda: FILES["png"].data.replace(b"IDAT", b"I\x07AT"),
    "jpeg, a scan's component": lambda: images.jpeg(SIZE).replace(
        b"\xff\xda\0\x0c\3\1", b"\xff\xda\0\x0c\3\7"
    ),
    "jpeg, no tables": lambda: images.jpeg(SIZE).replace(b"\xff\xdb", b"\xff\xe5"),
    "webp, bytes replaced": lambda: spoilt(FILES["lossless webp"].data, 0.1),
    "avif, bytes replaced": lambda: spoilt(FILES["avif"].data, 0.8),
    "heic, no parameters": lambda: heic(images.detail(SIZE)).replace(b"hvcC", b"free"),
    "tiff, bytes replaced": lambda: spoilt(FILES["16 bit tiff"].data, 0.1),
    "gif, a comment beyond the end": lambda: FILES["gif"].data[:-1] + b"\x21\xfe\xffno\0;",
    "gif, bytes replaced": lambda: spoilt(FILES["gif"].data, 0.9, 8),
}


@pytest.mark.parametrize("make", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_file_that_is_damaged_in_the_middle_is_corrupt_and_says_why(
    make: Callable[[], bytes],
) -> None:
    failure = refused(make())

    assert failure.cause is Cause.CORRUPT, failure
    assert not any(words in failure.detail for words in VAGUE), failure.detail


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
def test_a_file_that_was_cut_off_is_truncated_and_says_why(file: SeedFile, share: float) -> None:
    failure = refused(file.data[: int(share * (len(file.data) - file.spare_bytes))])

    assert failure.cause is Cause.TRUNCATED, failure
    assert not any(words in failure.detail for words in VAGUE), failure.detail


@pytest.mark.parametrize("file", FILES.values(), ids=FILES.keys())
def test_a_damaged_file_never_has_a_detail_without_a_reason(file: SeedFile) -> None:
    for at in range(8, len(file.data), max(1, len(file.data) // PLACES)):
        for size in (1, 80):
            broken = file.data[:at] + bytes(size) + file.data[at + size :]
            failure = outcome(broken)
            if failure is None:
                continue
            assert failure.detail.isprintable()
            assert not any(words in failure.detail for words in VAGUE), failure.detail


@pytest.mark.parametrize("box", [b"hvcC", b"iloc", b"pitm", b"ipma", b"iprp", b"iinf"])
def test_a_heic_without_a_part_of_its_index_says_what_is_missing(box: bytes) -> None:
    """Pillow would say of some that a number of an image is invalid."""
    failure = refused(heic().replace(box, b"free"))

    assert failure.cause is Cause.CORRUPT
    assert failure.detail.startswith("The HEIC decoder reports: ")
    assert "Error" not in failure.detail


def test_jpeg_ls_is_unsupported() -> None:
    failure = refused(images.jpeg().replace(b"\xff\xc0", b"\xff\xf7", 1))

    assert failure.cause is Cause.UNSUPPORTED_FORMAT


def outcome(data: bytes) -> Failure | None:
    """Return why a source was refused; `None` if it was rendered."""
    try:
        list(render(data, RECIPE, LIMITS))
    except Failure as failure:
        return failure
    return None
