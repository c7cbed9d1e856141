"""A real render child withstands hostile bytes."""

import io

import pytest
from PIL import Image

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import Job
from shared.imaging.intake.magic import RENDERED
from shared.imaging.intake.sniff import describe
from shared.model.errors import Cause, Failure
from shared.model.limits import Limits
from tests.imaging.children import SMALL_JOB, environment, rendered
from tests.support import images
from tests.support.first_bytes import HEADS, OTHERS
from tests.support.hand import tiff, webp

pytestmark = pytest.mark.imaging

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
# First bytes of formats that other builds of libvips would open, some by running programs.
FOREIGN: dict[str, tuple[bytes, Cause]] = {
    "svg": (SVG, Cause.UNSUPPORTED_FORMAT),
    "svg behind a prologue": (b'<?xml version="1.0"?>' + SVG, Cause.UNSUPPORTED_FORMAT),
    "svg behind a comment": (b"<!-- hello -->" + SVG, Cause.UNSUPPORTED_FORMAT),
    "svg, packed": (b"\x1f\x8b\x08\x00" + bytes(60), Cause.NOT_AN_IMAGE),
    "pdf": (b"%PDF-1.7\n1 0 obj<<>>endobj", Cause.UNSUPPORTED_FORMAT),
    "postscript, by Ghostscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", Cause.UNSUPPORTED_FORMAT),
    "magick's own language": (b"push graphic-context\nviewbox 0 0 9 9\n", Cause.NOT_AN_IMAGE),
    "magick's caption": (b"caption:@/etc/passwd", Cause.NOT_AN_IMAGE),
    "jpeg xl": (b"\xff\x0a" + bytes(60), Cause.UNSUPPORTED_FORMAT),
    "jpeg 2000": (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(60), Cause.UNSUPPORTED_FORMAT),
    "photoshop": (b"8BPS\0\1" + bytes(60), Cause.UNSUPPORTED_FORMAT),
    "vips": (b"\xb6\xa6\xf2\x08" + bytes(60), Cause.UNSUPPORTED_FORMAT),
    "csv": (b"1,2,3\n4,5,6\n", Cause.NOT_AN_IMAGE),
    "ppm": (b"P6 1 1 255\n\0\0\0", Cause.UNSUPPORTED_FORMAT),
    "radiance": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n", Cause.UNSUPPORTED_FORMAT),
    "openexr": (b"\x76\x2f\x31\x01" + bytes(60), Cause.UNSUPPORTED_FORMAT),
    "fits": (b"SIMPLE  =                    T", Cause.UNSUPPORTED_FORMAT),
    "text of other letters": ("Grüße, 写真".encode(), Cause.NOT_AN_IMAGE),
    "matlab": (b"MATLAB 5.0 MAT-file", Cause.NOT_AN_IMAGE),
    "text of two bytes a letter": ("\ufeffhello".encode("utf-16-le"), Cause.NOT_AN_IMAGE),
    "svg of two bytes a letter": ("\ufeff<svg>".encode("utf-16-be"), Cause.UNSUPPORTED_FORMAT),
    "nothing": (b"", Cause.NOT_AN_IMAGE),
}


@pytest.mark.parametrize(("source", "cause"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_child_opens_only_the_rendered_formats(
    child: RenderChild, source: bytes, cause: Cause
) -> None:
    with pytest.raises(Failure) as caught:
        rendered(child, source)

    assert (caught.value.cause, caught.value.stage) == (cause, "sniff")
    assert child.is_alive()


def test_a_locked_child_names_every_kind_of_file(child: RenderChild) -> None:
    """Python loads some codecs at their first use, which a locked process cannot."""
    refused = [head for head, name in HEADS.values() if name not in RENDERED]
    for head in (*refused, *(head for head, _ in OTHERS.values())):
        with pytest.raises(Failure) as caught:
            rendered(child, head)

        assert caught.value.detail.endswith(f", got {describe(head)}.")
    assert child.is_alive()


def test_a_polyglot_is_opened_by_its_first_bytes_only(child: RenderChild) -> None:
    """The first bytes decide on the loader, and no other loader is tried."""
    disguised = images.jpeg()[:20] + SVG

    with pytest.raises(Failure) as caught:
        rendered(child, disguised)

    assert caught.value.cause in {Cause.CORRUPT, Cause.TRUNCATED}


def test_a_childs_libvips_blocks_untrusted_loaders_and_uses_one_thread(
    child: RenderChild,
) -> None:
    rendered(child, images.jpeg())

    found = environment(child.pid)

    assert found["VIPS_BLOCK_UNTRUSTED"] == "1"
    assert found["VIPS_CONCURRENCY"] == "1"
    assert found["MALLOC_ARENA_MAX"] == "2"
    assert not [name for name in found if name.startswith(("MAGICK", "VIPS_UNLIMITED", "AWS"))]


def test_a_tiff_of_many_bands_does_not_abort_the_child(child: RenderChild) -> None:
    """glib aborts the process when memory runs out, and each of a thousand bands takes some."""
    with pytest.raises(Failure) as caught:
        rendered(child, tiff.tiff(1000, rows=1000, planes=1000))

    assert caught.value.cause is Cause.TOO_COSTLY
    assert child.is_alive()


def test_a_child_survives_memory_that_runs_out_at_the_header(child: RenderChild) -> None:
    with pytest.raises(Failure) as caught:
        rendered(child, webp.still(16_383, 16_383))

    assert (caught.value.cause, caught.value.stage) == (Cause.TOO_COSTLY, "probe")
    assert child.is_alive()


def test_ten_thousand_frames_are_not_taken_for_one(child: RenderChild) -> None:
    """libvips' own count returns 1 for 10,000 pages and more."""
    generous = Job(SMALL_JOB.recipe, Limits(max_frames=5000))

    with pytest.raises(Failure) as caught:
        rendered(child, webp.moving(1, 1, 10_000), generous)

    assert caught.value.cause is Cause.TOO_MANY_FRAMES


def test_a_source_that_leaves_no_memory_is_refused_by_its_bytes(child: RenderChild) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(buffer, "AVIF", speed=10)
    enough = Limits(memory_bytes=480 << 20)
    padded = buffer.getvalue() + (40 << 20).to_bytes(4, "big") + b"free" + bytes((40 << 20) - 8)

    rendered(child, buffer.getvalue(), Job(SMALL_JOB.recipe, enough))
    with pytest.raises(Failure) as caught:
        rendered(child, padded, Job(SMALL_JOB.recipe, enough))

    assert (caught.value.cause, caught.value.stage) == (Cause.TOO_COSTLY, "admit")
