import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.intake.sniff import HEADER_BYTES, RENDERED, require_rendered_format, sniff
from shared.model.errors import NotAnImage, UnsupportedFormat
from tests.support import images, images_heic

pytestmark = pytest.mark.unit


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    """Return the first box of an ISO base media file."""
    body = major + struct.pack(">I", 0) + b"".join(compatible)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body


# First bytes as each format's specification gives them, and the format's name.
HEADS: dict[str, tuple[bytes, str]] = {
    "jpeg with jfif": (b"\xff\xd8\xff\xe0\x00\x10JFIF\0", "jpeg"),
    "jpeg with exif": (b"\xff\xd8\xff\xe1\x00\x10Exif\0", "jpeg"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "png"),
    "gif 87a": (b"GIF87a\x01\0", "gif"),
    "gif 89a": (b"GIF89a\x01\0", "gif"),
    "tiff, little-endian": (b"II*\0\x08\0\0\0", "tiff"),
    "tiff, big-endian": (b"MM\0*\0\0\0\x08", "tiff"),
    "bigtiff, little-endian": (b"II+\0\x08\0\0\0", "tiff"),
    "bigtiff, big-endian": (b"MM\0+\0\x08\0\0", "tiff"),
    "webp": (b"RIFF\x24\0\0\0WEBPVP8 ", "webp"),
    "avif": (ftyp(b"avif", b"avif", b"mif1", b"miaf"), "avif"),
    "avif sequence": (ftyp(b"avis", b"avis", b"msf1"), "avif"),
    "mif1 that is avif": (ftyp(b"mif1", b"mif1", b"avif", b"miaf"), "avif"),
    "msf1 that is avif": (ftyp(b"msf1", b"avis"), "avif"),
    "mif1 that is heic": (ftyp(b"mif1", b"mif1", b"heic"), "heic"),
    "mif1 that does not say": (ftyp(b"mif1"), "heic"),
    "heic sequence": (ftyp(b"hevc", b"msf1", b"hevc"), "heic"),
    "heic of a phone": (ftyp(b"heic", b"mif1", b"MiHB", b"MiHE", b"heic", b"tmap"), "heic"),
    "canon cr3": (ftyp(b"crx ", b"crx ", b"isom"), "cr3"),
    "canon cr2": (b"II*\0\x10\0\0\0CR\x02\0", "cr2"),
    "fuji raw": (b"FUJIFILMCCD-RAW 0201", "raf"),
    "olympus raw": (b"IIRO\x08\0\0\0", "orf"),
    "olympus raw, big-endian": (b"MMOR\0\0\0\x08", "orf"),
    "panasonic raw": (b"IIU\0\x18\0\0\0", "rw2"),
    "sigma raw": (b"FOVb\0\0\2\0", "x3f"),
    "heic": (ftyp(b"heic", b"mif1", b"heic"), "heic"),
    "heic with 10 bits": (ftyp(b"heix", b"mif1"), "heic"),
    "jpeg xl codestream": (b"\xff\x0a\x7f\x00", "jxl"),
    "jpeg xl container": (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    "photoshop": (b"8BPS\0\x01", "psd"),
    "pdf": (b"%PDF-1.7\n", "pdf"),
    "icon": (b"\0\0\x01\0\x01\0", "ico"),
    "cursor": (b"\0\0\x02\0\x01\0", "ico"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "eps"),
    "postscript with a preview": (b"\xc5\xd0\xd3\xc6\x20\0\0\0", "eps"),
    "jpeg 2000 codestream": (b"\xff\x4f\xff\x51\0\x29", "jp2"),
    "jpeg xr": (b"II\xbc\x01\x08\0\0\0", "jxr"),
    "openexr": (b"\x76\x2f\x31\x01\x02\0\0\0", "exr"),
    "radiance": (b"#?RADIANCE\n", "hdr"),
    "gimp": (b"gimp xcf v011\0", "xcf"),
    "bmp": (b"BM\x36\0\0\0" + bytes(4) + b"\x36\0\0\0\x28\0\0\0", "bmp"),
    "bmp of os/2": (b"BM\x36\0\0\0" + bytes(4) + b"\x1a\0\0\0\x0c\0\0\0", "bmp"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg">', "svg"),
    "svg in capitals after blanks": (b" \r\n\t<SVG>", "svg"),
    "svg with a byte order mark": (b"\xef\xbb\xbf<svg>", "svg"),
    "svg with a prologue": (b'<?xml version="1.0"?>\n<svg>', "svg"),
    "svg with a doctype": (b"<!DOCTYPE svg PUBLIC>", "svg"),
    "svg after comments": (b"<!-- one --><!-- two -->\n<svg>", "svg"),
    "svg after everything": (
        b'\xef\xbb\xbf\n<?xml version="1.0"?><!-- by -->\n<!DOCTYPE svg>\n<svg>',
        "svg",
    ),
    "svg of two bytes a letter": ("\ufeff<svg>".encode("utf-16-le"), "svg"),
    "svg after a long comment": (b'<?xml version="1.0"?><!--' + b"x" * 2000 + b"--><svg>", "svg"),
    "svgz": (gzip.compress(b'<?xml version="1.0"?><svg>' + b"<g/>" * 999, mtime=0), "svg"),
}
OTHERS: dict[str, bytes] = {
    "nothing": b"",
    "one byte": b"\xff",
    "zeros": bytes(64),
    "html": b"<!doctype html><p>hello",
    "text": b"hello",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "mp4": ftyp(b"isom", b"isom", b"mp41"),
    "quicktime": ftyp(b"qt  "),
    "zip": b"PK\x03\x04",
    "gif of no known version": b"GIF90a",
    "png spoilt by a text transfer": b"\x89PNG\n\x1a\n",
    "bmw": b"BMW is no bitmap at all",
    "markup that is no svg": b'<?xml version="1.0"?><html><body><svg>',
    "html with a comment": b"<!-- <svg> --><html>",
    "a comment without an end": b"<!-- <svg>",
    "gzip of text": gzip.compress(b"hello " * 99, mtime=0),
    "gzip that is broken": b"\x1f\x8b\x08 and no more of it",
    "brand where no brand stands": b"\0\0\0\x0cfree\0\0\0\0avif",
}


@pytest.mark.parametrize(("head", "name"), HEADS.values(), ids=HEADS.keys())
def test_each_format_is_recognised_by_its_first_bytes(head: bytes, name: str) -> None:
    assert sniff(head) == name
    assert sniff(head + bytes(100)) == name


@pytest.mark.parametrize("head", OTHERS.values(), ids=OTHERS.keys())
def test_bytes_of_no_image_format_are_none(head: bytes) -> None:
    assert sniff(head) is None
    with pytest.raises(NotAnImage) as caught:
        require_rendered_format(head)
    assert caught.value.stage == "sniff"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (images.jpeg(), "jpeg"),
        (images.png(), "png"),
        (images.webp(), "webp"),
        (images.animated_gif(), "gif"),
        (images.avif(), "avif"),
        (images_heic.heic(), "heic"),
        (images.saved(images.plain((1, 2, 3)), "BMP"), "bmp"),
        (images.saved(images.plain((1, 2, 3)), "TIFF"), "tiff"),
    ],
    ids=["jpeg", "png", "webp", "gif", "avif", "heic", "bmp", "tiff"],
)
def test_files_of_encoders_are_recognised_and_rendered(data: bytes, name: str) -> None:
    assert require_rendered_format(data) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [pair for pair in HEADS.values() if pair[1] not in RENDERED],
    ids=[case for case, pair in HEADS.items() if pair[1] not in RENDERED],
)
def test_a_format_that_is_not_rendered_is_refused_by_its_name(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"got {name}") as caught:
        require_rendered_format(head)

    assert "Expected one of avif, bmp, gif, heic, jpeg, png, tiff, webp" in caught.value.detail


@given(st.sampled_from([head for head, _ in HEADS.values()]), st.integers(0, 64))
def test_a_cut_header_is_its_format_or_nothing(head: bytes, kept: int) -> None:
    whole, cut = sniff(head), sniff(head[:kept])

    # A file cut between its major brand and the others may still pass for the major brand, and
    # one kind of raw file for the TIFF that it is.
    assert cut in {whole, None} or head[4:8] == b"ftyp" or (cut, whole) == ("tiff", "cr2")


@given(
    st.one_of(
        st.binary(max_size=100),
        st.builds(
            lambda head, rest: head[0] + rest, st.sampled_from([*HEADS.values()]), st.binary()
        ),
        st.builds(lambda rest: b"\0\0\0\x20ftyp" + rest, st.binary()),
    )
)
def test_any_bytes_pass_or_are_refused(data: bytes) -> None:
    name = sniff(data)

    if name in RENDERED:
        assert require_rendered_format(data) == name
        return
    with pytest.raises((NotAnImage, UnsupportedFormat)):
        require_rendered_format(data)


@given(st.binary(), st.binary())
def test_only_the_header_decides(head: bytes, rest: bytes) -> None:
    header = head.ljust(HEADER_BYTES, b"\0")[:HEADER_BYTES]

    assert sniff(header + rest) == sniff(header)


def test_bytes_after_the_ftyp_box_are_not_brands() -> None:
    box = ftyp(b"isom", b"mp41")

    assert sniff(box + struct.pack(">I", 100) + b"mdat" + b"avif" * 8) is None
