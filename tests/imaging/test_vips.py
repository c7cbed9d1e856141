import subprocess
import sys

import pytest
import pyvips

from shared.imaging import decoder_log
from shared.imaging.vips import translated
from shared.model.errors import (
    MAX_DETAIL_CHARS,
    Corrupt,
    Failure,
    NotAnImage,
    TooCostly,
    TooManyPixels,
    Truncated,
    Unknown,
)
from tests.support import images

pytestmark = pytest.mark.imaging

# Error messages of libvips 8.18 and its codecs, most of them after memory ran out.
MESSAGES: dict[str, type[Failure]] = {
    "vips_tracked: out of memory -- size == 308MB": TooCostly,
    "webpsave: failed to allocate 36000000 bytes": TooCostly,
    "webpsave: picture memory error": TooCostly,
    "VipsJpeg: Insufficient memory (case 4)": TooCostly,
    "heif: Memory allocation error: Unspecified: 36000015 bytes failed": TooCostly,
    "heif: Encoder plugin generated an error: Initialization problem: "
    "av1_create_context_and_bufferpool() failed": TooCostly,
    "glib: Error creating thread: Resource temporarily unavailable": Unknown,
    "VipsJpeg: premature end of JPEG image": Truncated,
    "pngload_buffer: libpng read error": Truncated,
    "heif: Invalid input: Unexpected end of file": Truncated,
    "tiff2vips: Failed to allocate memory for to read TIFF directory (9 elements)": Corrupt,
    "VipsForeignLoad: buffer is not in a known format": NotAnImage,
    "VipsJpeg: Corrupt JPEG data: bad Huffman code": Corrupt,
}


@pytest.mark.parametrize("complaint", MESSAGES, ids=lambda complaint: complaint.split()[0])
def test_each_error_message_of_libvips_has_one_cause(complaint: str) -> None:
    error = pyvips.Error("unable to call", detail=f"{complaint}\n")

    failure = translated(error, "render")

    assert type(failure) is MESSAGES[complaint]
    assert failure.stage == "render"
    assert complaint in failure.detail
    assert "\n" not in failure.detail


PLAIN: dict[str, str] = {
    "heif: Memory allocation error: Security limit exceeded: Image size 9x9 exceeds the maximum "
    "image size 8\n(6.1000)": "heif: over a limit of the decoder: Image size 9x9 exceeds the "
    "maximum image size 8",
    "heif: Invalid input: Unspecified: Corrupt frame detected (2.0)": "heif: Invalid input: "
    "Unspecified: Corrupt frame detected",
    "source: bad seek to 9\nsource: bad seek to 9\nheifload: bad dimensions": "heifload: bad "
    "dimensions",
    "tiff2vips: Not a JPEG file: starts with 0x00 0xff\ntiff2vips: read error": "tiff2vips: Not a "
    "JPEG file?",
    "I[7F][00]T: bad header": "I?T: bad header",
    "\x1b[31mred\0": "\\x1b[31mred\\x00",
    "vipspng: libpng read error": "The decoder failed and gave no reason (unable to call, "
    "vipspng: libpng read error).",
    "": "The decoder failed and gave no reason (unable to call).",
}


@pytest.mark.parametrize(("reported", "shown"), PLAIN.items(), ids=PLAIN.values())
def test_a_detail_is_one_plain_line(reported: str, shown: str) -> None:
    decoder_log.clear()

    failure = translated(pyvips.Error("unable to call", detail=reported), "render")

    assert failure.detail == shown


@pytest.mark.parametrize(
    ("reported", "kind"),
    [
        (
            "Security limit exceeded: Image size 9x9 exceeds the maximum image size 8",
            TooManyPixels,
        ),
        ("Security limit exceeded: Box size 9 exceeds security limit.", TooCostly),
    ],
    ids=["pixels", "boxes"],
)
def test_a_limit_of_libheif_is_not_memory_that_ran_out(reported: str, kind: type[Failure]) -> None:
    error = pyvips.Error("", detail=f"heif: Memory allocation error: {reported}")

    failure = translated(error, "probe")

    assert type(failure) is kind
    assert "emory" not in failure.detail


def test_a_detail_is_bounded() -> None:
    failure = translated(pyvips.Error("", detail="no " * 1000), "render")

    assert len(failure.detail) == MAX_DETAIL_CHARS


def in_a_process(program: str) -> list[str]:
    """Return the output of a program that opens libvips in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import pyvips\n{program}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ended.stdout.split()


UNTRUSTED = """
def opens(data):
    try:
        pyvips.Image.new_from_buffer(data, "").avg()
    except pyvips.Error:
        return False
    return True

svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
print(opens(svg), opens(jpeg))
from shared.imaging.vips import harden
harden()
print(opens(svg), opens(jpeg))
"""


def test_untrusted_loaders_are_blocked_and_rendered_formats_are_not() -> None:
    said = in_a_process(f"jpeg = {images.jpeg((16, 16))!r}\n{UNTRUSTED}")

    assert said == ["True", "True", "False", "True"]


def test_libvips_has_no_loader_that_runs_programs_or_uses_the_network() -> None:
    names = ("magickload", "pdfload", "openslideload", "matload", "dcrawload")

    said = in_a_process(f"print(*[pyvips.type_find('VipsOperation', n) for n in {names!r}])")

    assert said == ["0"] * len(names)


CACHED = """
first = pyvips.Image.black(9, 9)
print(first.pointer == pyvips.Image.black(9, 9).pointer)
from shared.imaging.vips import harden
harden()
first = pyvips.Image.black(9, 9)
print(first.pointer == pyvips.Image.black(9, 9).pointer)
"""


def test_libvips_caches_no_operation() -> None:
    assert in_a_process(CACHED) == ["True", "False"]
