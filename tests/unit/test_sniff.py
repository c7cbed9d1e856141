import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.intake.magic import MAGIC, PATTERNS, RENDERED, WORDS
from shared.imaging.intake.sniff import HEADER_BYTES, describe, require_rendered_format, sniff
from shared.model.errors import NotAnImage, UnsupportedFormat
from tests.support import images, images_heic

pytestmark = pytest.mark.unit


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    """Return the first box of an ISO base media file."""
    body = major + struct.pack(">I", 0) + b"".join(compatible)
    return struct.pack(">I", 8 + len(body)) + b"ftyp" + body


def infe(kind: bytes) -> bytes:
    """Return the beginning of an item list with one picture of a codec."""
    return b"\0\0\0\x15infe\x02\0\0\0\0\x01\0\0" + kind + b"\0"


def tga(kind: int, bits: int, *, entries: int = 0) -> bytes:
    """Return a header of a TGA of 9 by 7 pixels, with or without a palette."""
    palette = struct.pack("<HHB", 0, entries, 24 if entries else 0)
    return bytes((0, entries > 0, kind)) + palette + struct.pack("<4HBB", 0, 0, 9, 7, bits, 0x20)


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
    "mif1 that lists avif": (ftyp(b"mif1", b"miaf") + infe(b"av01"), "avif"),
    "miaf that lists avif": (ftyp(b"miaf") + infe(b"av01"), "avif"),
    "mif1 that lists heic": (ftyp(b"mif1", b"miaf") + infe(b"hvc1"), "heic"),
    "mif1 that lists jpeg": (ftyp(b"mif1") + infe(b"jpeg"), "heif-jpeg"),
    "mif1 that lists jpeg 2000": (ftyp(b"mif1") + infe(b"j2k1"), "heif-jp2"),
    "mif1 that lists h.264": (ftyp(b"mif1") + infe(b"avc1"), "avci"),
    "mif1 that lists no codec": (ftyp(b"mif1") + infe(b"unci"), "unci"),
    "low-overhead heif": (ftyp(b"mif3", b"mif3", b"avif"), "mif3"),
    "heif of h.264": (ftyp(b"avci", b"mif1", b"avci"), "avci"),
    "heif of h.266": (ftyp(b"vvic", b"mif1"), "vvic"),
    "heif of evc": (ftyp(b"evbi", b"mif1"), "evbi"),
    "heif of jpeg": (ftyp(b"jpeg", b"mif1"), "heif-jpeg"),
    "heif of jpeg 2000": (ftyp(b"j2ki", b"mif1"), "heif-jp2"),
    "crushed png of xcode": (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI\x50\0\x20\6", "cgbi"),
    "pbm": (b"P4\n9 7\n", "pnm"),
    "pgm as text": (b"P2 # by hand\n9 7 255\n", "pnm"),
    "ppm": (b"P6\n# by GIMP\n9 7\n255\n", "pnm"),
    "pam": (b"P7\nWIDTH 9\nHEIGHT 7\n", "pnm"),
    "thumbnail of xv": (b"P7 332\n", "pnm"),
    "pfm": (b"PF\n9 7\n-1.0\n", "pnm"),
    "targa": (tga(2, 24), "tga"),
    "targa with alpha": (tga(2, 32), "tga"),
    "targa of runs": (tga(10, 24), "tga"),
    "grey targa": (tga(3, 8), "tga"),
    "targa with a palette": (tga(1, 8, entries=256), "tga"),
    "pcx": (b"\x0a\5\1\x08\0\0\0\0\x08\0\6\0", "pcx"),
    "dcx": (b"\xb1\x68\xde\x3a", "dcx"),
    "large photoshop": (b"8BPS\0\2", "psb"),
    "paintshop pro": (b"Paint Shop Pro Image File\n\x1a", "psp"),
    "affinity": (b"\0\xffKA\x0b\0", "affinity"),
    "indesign": (b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5", "indd"),
    "blender": (b"BLENDER-v293", "blend"),
    "texture of khronos": (b"\xabKTX 11\xbb\r\n", "ktx"),
    "texture of directdraw": (b"DDS \x7c\0\0\0", "dds"),
    "qoi": (b"qoif\0\0\0\x09", "qoi"),
    "bpg": (b"BPG\xfb\0", "bpg"),
    "flif": (b"FLIF41", "flif"),
    "webp 2": (b"\xf4\xff\x6f\0", "webp2"),
    "djvu": (b"AT&TFORM\0\0", "djvu"),
    "mng": (b"\x8aMNG\r\n\x1a\n", "mng"),
    "jng": (b"\x8bJNG\r\n\x1a\n", "jng"),
    "jbig2": (b"\x97JB2\r\n\x1a\n", "jbig2"),
    "metafile": (b"\xd7\xcd\xc6\x9a\0\0", "wmf"),
    "enhanced metafile": (b"\1\0\0\0" + bytes([9]) * 36 + b" EMF", "emf"),
    "icons of macos": (b"icns\0\0\x10\0", "icns"),
    "raster of sun": (b"\x59\xa6\x6a\x95\0\0", "ras"),
    "sgi": (b"\x01\xda\1\1\0\3", "sgi"),
    "fits": (b"SIMPLE  =                    T", "fits"),
    "dicom": (bytes(128) + b"DICM\2\0", "dicom"),
    "x pixmap": (b"/* XPM */\nstatic char", "xpm"),
    "x bitmap": (b"#define logo_width 16\n", "xbm"),
    "dpx": (b"SDPX\0\0", "dpx"),
    "cineon": (b"\x80\x2a\x5f\xd7\0\0", "cin"),
    "autocad": (b"AC1032\0\0", "dwg"),
    "coreldraw": (b"RIFF\x24\0\0\0CDRCvrsn", "cdr"),
    "animated cursor": (b"RIFF\x24\0\0\0ACONanih", "ani"),
    "amiga": (b"FORM\0\0\1\0ILBMBMHD", "ilbm"),
    "canon crw": (b"II\x1a\0\0\0HEAPCCDR", "crw"),
    "minolta raw": (b"\0MRM\0\0", "mrw"),
    "libvips": (b"\xb6\xa6\xf2\x08\0\0", "vips"),
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
SPOILT = "a picture that was changed as if it were text: upload it in binary mode"
S3_ERROR = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
# First bytes of what is no image, and the words for it.
OTHERS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "an empty file"),
    "one byte": (b"\xff", "a file of no known kind"),
    "zeros": (bytes(64), "a file that begins with zeros only"),
    "noise": (b"\x93\x1c\xd0\x06\xfa\x80\x11\xee" * 9, "a file of no known kind"),
    "html": (b"<!doctype html><p>hello", "an HTML page"),
    "html in capitals": (b"\r\n<HTML><HEAD>", "an HTML page"),
    "html with a comment": (b"<!-- <svg> --><html>", "an HTML page"),
    "html as xml": (b'<?xml version="1.0"?><html><body><svg>', "an HTML page"),
    "error of s3": (
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + S3_ERROR,
        "an error message of a storage service in XML (AccessDenied)",
    ),
    "error of a cdn": (S3_ERROR, "an error message of a storage service in XML (AccessDenied)"),
    "error of azure": (
        b"\xef\xbb\xbf" + S3_ERROR.replace(b"AccessDenied", b"BlobNotFound"),
        "an error message of a storage service in XML (BlobNotFound)",
    ),
    "xml": (b'<?xml version="1.0"?><rss version="2.0">', "an XML document"),
    "many comments": (b"<!---->" * 140 + b"<!--", "an XML document"),
    "a feed with a title": (b'<?xml version="1.0"?><rss><title>', "an XML document"),
    "a comment without an end": (b"<!-- <svg>", "an XML document"),
    "xmp sidecar": (b'<x:xmpmeta xmlns:x="adobe:ns:meta/">', "an XMP sidecar file"),
    "json": (b'{"error": "not found"}', "a JSON document"),
    "json list": (b' [\n {"id": 1}]', "a JSON document"),
    "text": (b"hello", "a text file"),
    "text of another language": ("Grüße, 写真".encode(), "a text file"),
    "text that is cut inside a letter": ("ü".encode() * 600, "a text file"),
    "text of two bytes a letter": ("\ufeffhello".encode("utf-16-le"), "a text file"),
    "text with a free box": (b"The free encyclopedia", "a text file"),
    "text like a pixmap": (b"P1 Introduction", "a text file"),
    "csv": (b"1,2,3\n4,5,6\n", "a text file"),
    "bmw": (b"BMW is no bitmap at all", "a text file"),
    "rtf": (b"{\\rtf1\\ansi", "a formatted text document (RTF)"),
    "git lfs pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "a Git LFS pointer in place of the picture",
    ),
    "data url": (b"data:image/png;base64,iVBORw0KGgo", "a picture as text (a data URL)"),
    "base64": (b"/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMC\n", "a picture as Base64 text"),
    "http response": (b"HTTP/1.1 200 OK\r\n", "an HTTP response with its header"),
    "upload form": (
        b'------WebKitFormBoundaryx\r\nContent-Disposition: form-data; name="file"',
        "an upload form with its parts (multipart/form-data)",
    ),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt ", "a sound file (WAV)"),
    "avi": (b"RIFF\x24\0\0\0AVI LIST", "a film (AVI)"),
    "mp4": (ftyp(b"isom", b"isom", b"mp41"), "a film (MP4 or QuickTime)"),
    "quicktime": (ftyp(b"qt  "), "a film (MP4 or QuickTime)"),
    "old quicktime": (b"\0\0\x12\x34moov\0\0\0\x6cmvhd", "a film (QuickTime)"),
    "brand where no brand stands": (b"\0\0\0\x0cfree\0\0\0\0avif", "a film (QuickTime)"),
    "m4a": (ftyp(b"M4A ", b"M4A ", b"isom"), "a sound file (MP4)"),
    "webm": (b"\x1a\x45\xdf\xa3\x9fB\x86", "a film (Matroska or WebM)"),
    "mpeg": (b"\0\0\1\xba\x44", "a film (MPEG)"),
    "transport stream": ((b"\x47\x40\0\x10" + bytes(184)) * 3, "a film (MPEG transport stream)"),
    "windows media": (
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9",
        "a film (Windows Media)",
    ),
    "flash video": (b"FLV\1\5\0\0\0\x09", "a film (Flash video)"),
    "mp3 with a tag": (b"ID3\4\0\0", "a sound file (MP3)"),
    "mp3": (b"\xff\xfb\x90\x64", "a sound file (MP3)"),
    "aac": (b"\xff\xf1\x50\x80", "a sound file (AAC)"),
    "ogg": (b"OggS\0\2", "a sound file (Ogg)"),
    "flac": (b"fLaC\0\0\0\x22", "a sound file (FLAC)"),
    "aiff": (b"FORM\0\0\1\0AIFFCOMM", "a sound file (AIFF)"),
    "midi": (b"MThd\0\0\0\6", "a sound file (MIDI)"),
    "amr": (b"#!AMR\n", "a sound file (AMR)"),
    "zip": (b"PK\x03\x04" + bytes(26) + b"holiday/1.jpg", "a ZIP archive"),
    "docx": (
        b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml",
        "an Office document (docx, xlsx or pptx)",
    ),
    "odt": (
        b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text",
        "an OpenDocument file",
    ),
    "epub": (
        b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip",
        "an e-book (EPUB)",
    ),
    "krita": (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/x-krita", "a Krita picture"),
    "openraster": (
        b"PK\x03\x04" + bytes(26) + b"mimetypeimage/openraster",
        "an OpenRaster picture",
    ),
    "jar": (b"PK\x03\x04" + bytes(26) + b"META-INF/", "a Java archive"),
    "doc": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Office document (doc, xls or ppt) or thumbnails of Windows",
    ),
    "gzip of text": (gzip.compress(b"hello " * 99, mtime=0), "a gzip archive"),
    "gzip that is broken": (b"\x1f\x8b\x08 and no more of it", "a gzip archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
    "rar": (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
    "xz": (b"\xfd7zXZ\0\0\4", "an xz archive"),
    "bzip2": (b"BZh91AY&SY", "a bzip2 archive"),
    "zstd": (b"\x28\xb5\x2f\xfd\4", "a Zstandard archive"),
    "tar": (b"1.jpg".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
    "apple double": (
        b"\0\5\x16\7\0\2\0\0Mac OS X",
        "a file of macOS that belongs to a picture (AppleDouble, ._name)",
    ),
    "ds_store": (b"\0\0\0\1Bud1\0\0", "a folder's settings of macOS (.DS_Store)"),
    "shortcut": (b"\x4c\0\0\0\1\x14\2\0", "a shortcut of Windows"),
    "sqlite": (b"SQLite format 3\0\x10\0", "a database (SQLite)"),
    "font": (b"wOF2\0\1\0\0", "a font"),
    "true type": (b"\0\1\0\0\0\x0c\0\x80", "a font"),
    "elf": (b"\x7fELF\2\1\1", "a program"),
    "exe": (b"MZ\x90\0\3\0\0\0", "a program"),
    "property list": (b"bplist00\xd1", "a property list"),
    "gif of no known version": (b"GIF90a", "a text file"),
    "png spoilt by a text transfer": (b"\x89PNG\n\x1a\n", SPOILT),
    "jpeg spoilt by a text decoder": ("\ufffd\ufffd\ufffd\ufffd\0\x10JFIF".encode(), SPOILT),
    "jpeg encoded twice": ("\xff\xd8\xff\xe0\0\x10JFIF".encode(), SPOILT),
    "png encoded twice": ("\x89PNG\r\n\x1a\n".encode(), SPOILT),
}


@pytest.mark.parametrize(("head", "name"), HEADS.values(), ids=HEADS.keys())
def test_each_format_is_recognised_by_its_first_bytes(head: bytes, name: str) -> None:
    assert sniff(head) == name
    assert sniff(head + bytes(100)) == name


@pytest.mark.parametrize(("head", "words"), OTHERS.values(), ids=OTHERS.keys())
def test_a_file_that_is_no_image_is_refused_in_words(head: bytes, words: str) -> None:
    assert sniff(head) is None
    with pytest.raises(NotAnImage) as caught:
        require_rendered_format(head)
    assert caught.value.detail == f"Expected an image, got {words}."
    assert caught.value.stage == "sniff"


def test_every_format_has_words_and_a_case() -> None:
    cases = {name for _, name in HEADS.values()}

    assert cases == WORDS.keys()
    assert {name for name, _ in (*MAGIC, *PATTERNS)} <= WORDS.keys()
    assert all(words.startswith(("a ", "an ")) for words in WORDS.values())


@given(st.binary(max_size=2 * HEADER_BYTES))
def test_any_bytes_are_described_in_plain_words(data: bytes) -> None:
    assert describe(data).isprintable()
    assert describe(data).startswith(("a ", "an "))


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
    with pytest.raises(UnsupportedFormat) as caught:
        require_rendered_format(head)

    formats = "avif, bmp, gif, heic, jpeg, png, tiff, webp"
    assert caught.value.detail == f"Expected one of {formats}, got {WORDS[name]}."


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
