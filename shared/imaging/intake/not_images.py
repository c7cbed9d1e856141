"""Names files that are no images, in words of a content owner."""

import re

from shared.imaging.intake.brands import brands
from shared.imaging.intake.markup import FORM, HTTP_RESPONSE, text_in_words
from shared.imaging.intake.text_mode import SPOILT as _SPOILT

_ARCHIVE_OF_OFFICE = "an Office document (docx, xlsx or pptx)"
# After `ftyp`: https://mp4ra.org/registered-types/brands
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})

_PATTERNS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (words, re.compile(pattern, re.DOTALL))
    for words, pattern in (
        # A text transfer changes line ends, and a text decoder the bytes that are not UTF-8:
        # https://www.w3.org/TR/png-3/#5PNG-file-signature
        (_SPOILT, rb"\x89PNG[\r\n]"),
        (_SPOILT, rb"(?:\xef\xbb\xbf)?(?:\xef\xbf\xbd){2}"),
        (_SPOILT, rb"\xef\xbf\xbdPNG|\xc2\x89PNG|\xc3\xbf\xc3\x98\xc3\xbf"),
        (_SPOILT, rb"RIFF.{4,24}?WEBP"),
        (_SPOILT, rb"BM.{0,9}(?:[\xc2\xc3][\x80-\xbf]|\xef\xbf\xbd).{8,30}?\x28\0\0\0"),
        # A picture follows, so that the file is no text.
        (HTTP_RESPONSE, rb"HTTP/[0-9.]+ [0-9]{3}"),
        (FORM, rb"--[^\r\n]+\r?\n[Cc]ontent-"),
        ("a film (Matroska or WebM)", rb"\x1a\x45\xdf\xa3"),
        ("a film (AVI)", rb"RIFF.{4}AVI "),
        ("a film (Flash video)", rb"FLV\x01"),
        ("a film (Windows Media)", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
        ("a film (MPEG)", rb"\0\0\x01[\xb3\xba]"),
        ("a film (MPEG transport stream)", rb"\x47[\0\x1f\x40\x41\x5f].{186}\x47.{187}\x47"),
        ("a film (QuickTime)", rb"[\0-\x08].{3}(?:moov|mdat|wide|free|skip|pnot)"),
        ("a sound file (WAV)", rb"RIFF.{4}WAVE"),
        ("a sound file (MP3)", rb"ID3[\x02-\x04]|\xff[\xfa\xfb\xf2\xf3\xe2\xe3]"),
        ("a sound file (AAC)", rb"\xff[\xf0\xf1\xf8\xf9]"),
        ("a sound file (Ogg)", rb"OggS"),
        ("a sound file (FLAC)", rb"fLaC"),
        ("a sound file (AIFF)", rb"FORM.{4}AIF[FC]"),
        ("a sound file (MIDI)", rb"MThd\0"),
        ("a sound file (AMR)", rb"#!AMR"),
        (_ARCHIVE_OF_OFFICE, rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|word/|xl/|ppt/)"),
        ("an e-book (EPUB)", rb"PK\x03\x04.{26}mimetypeapplication/epub"),
        ("a Krita picture", rb"PK\x03\x04.{26}mimetypeapplication/x-kr"),
        ("an OpenRaster picture", rb"PK\x03\x04.{26}mimetypeimage/openraster"),
        ("an OpenDocument file", rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis"),
        ("a Java archive", rb"PK\x03\x04.{26}META-INF/"),
        ("a ZIP archive", rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"),
        ("a gzip archive", rb"\x1f\x8b"),
        ("a 7z archive", rb"7z\xbc\xaf\x27\x1c"),
        ("a RAR archive", rb"Rar!\x1a\x07"),
        ("an xz archive", rb"\xfd7zXZ\0"),
        ("a bzip2 archive", rb"BZh[1-9]1AY&SY"),
        ("a Zstandard archive", rb"\x28\xb5\x2f\xfd"),
        ("a tar archive", rb".{257}ustar"),
        ("an Office document (doc, xls or ppt) or thumbnails of Windows", rb"\xd0\xcf\x11\xe0"),
        ("a file of macOS that belongs to a picture (AppleDouble, ._name)", rb"\0\x05\x16\x07"),
        ("a folder's settings of macOS (.DS_Store)", rb"\0\0\0\x01Bud1"),
        ("a shortcut of Windows", rb"\x4c\0\0\0\x01\x14\x02\0"),
        ("a database (SQLite)", rb"SQLite format 3\0"),
        ("a font", rb"OTTO\0|ttcf\0|wOF[F2]|\0\x01\0\0\0.\0"),
        ("a program", rb"\x7fELF|MZ.{2}[\0-\x08]\0|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|\0asm"),
        ("a property list", rb"bplist00"),
    )
)


def in_words(header: bytes) -> str:
    """Return what a file is, by its first bytes, `header`, in words that follow "got"."""
    if not header:
        return "an empty file"
    if not header.strip(b"\0"):
        return "a file that begins with zeros only"
    found = brands(header)
    if found:
        return "a sound file (MP4)" if found & _SOUND_BRANDS else "a film (MP4 or QuickTime)"
    for words, pattern in _PATTERNS:
        if pattern.match(header):
            return words
    return text_in_words(header) or "a file of no known kind"
