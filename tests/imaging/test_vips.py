import subprocess
import sys

import pytest
import pyvips

from shared.imaging.vips import translated
from shared.model.errors import (
    Corrupt,
    Failure,
    NotAnImage,
    TooCostly,
    Truncated,
    Unknown,
)
from tests.support import images

pytestmark = pytest.mark.imaging

# Error messages of libvips 8.18 and its codecs, most of them after memory ran out.
PILLOW_ERRORS: dict[str, type[Failure]] = {
    "vips_tracked: out of memory -- size == 308MB": TooCostly,
    "webpsave: failed to allocate 36000000 bytes": TooCostly,
    "webpsave: picture memory error": TooCostly,
    "VipsJpeg: Insufficient memory (case 4)": TooCostly,
    "heif: Memory allocation error: Unspecified: 36000015 bytes failed (6.0)": TooCostly,
    "heif: Encoder plugin generated an error: Initialization problem: "
    "av1_create_context_and_bufferpool() failed (8.5001)": TooCostly,
    "glib: Error creating thread: Resource temporarily unavailable": Unknown,
    "VipsJpeg: premature end of JPEG image": Truncated,
    "pngload_buffer: libpng read error": Truncated,
    "heif: Invalid input: Unexpected end of file (2.100)": Truncated,
    "VipsForeignLoad: buffer is not in a known format": NotAnImage,
    "VipsJpeg: Corrupt JPEG data: bad Huffman code": Corrupt,
}


@pytest.mark.parametrize("complaint", PILLOW_ERRORS, ids=lambda complaint: complaint.split()[0])
def test_each_error_message_of_libvips_has_one_cause(complaint: str) -> None:
    error = pyvips.Error("unable to call", detail=f"{complaint}\n  and more\n")

    failure = translated(error, "render")

    assert type(failure) is PILLOW_ERRORS[complaint]
    assert failure.stage == "render"
    assert complaint in failure.detail
    assert "\n" not in failure.detail


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
