"""Sources with copyright, creator, and metadata that must not reach variants."""

import io
import struct
from collections.abc import Sequence

from PIL import Image

from tests.support.images import ORIENTATION, SMALL, corners
from tests.support.profiles import display_p3

ARTIST, COPYRIGHT, MAKE, SOFTWARE, EXIF_IFD, GPS_IFD = 315, 33432, 271, 305, 34665, 34853
SERIAL_NUMBER = 0xA431
SECRETS = ("Camera Maker", "Editor 1.0", "SN-12345", "secret title", "48,8.2333N")
# Private metadata that editors and phones write.
PRIVATE_XMP = (
    '<exif:GPSLatitude xmlns:exif="http://ns.adobe.com/exif/1.0/">48,8.2333N</exif:GPSLatitude>'
    '<aux:SerialNumber xmlns:aux="http://ns.adobe.com/exif/1.0/aux/">SN-12345</aux:SerialNumber>'
    "<dc:title>secret title</dc:title>"
)


def packet(*, rights: Sequence[str], creator: Sequence[str], extra: str = "") -> bytes:
    """Return an XMP packet as Adobe writes it."""
    both = "".join(
        f"<dc:{name}><rdf:{kind}>{''.join(f'<rdf:li>{each}</rdf:li>' for each in items)}"
        f"</rdf:{kind}></dc:{name}>"
        for name, kind, items in (("rights", "Alt", rights), ("creator", "Seq", creator))
        if items
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"{both}{extra}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def exif(*, rights: str | bytes = "", creator: str | bytes = "") -> Image.Exif:
    """Return EXIF with a camera, a serial number, a position and the given credit."""
    made = Image.Exif()
    made[ORIENTATION], made[MAKE], made[SOFTWARE] = 6, "Camera Maker", "Editor 1.0"
    made.get_ifd(EXIF_IFD)[SERIAL_NUMBER] = "SN-12345"
    made.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)})
    if rights:
        made[COPYRIGHT] = rights
    if creator:
        made[ARTIST] = creator
    return made


def saved(format_name: str, **options: object) -> bytes:
    """Return a small picture in a format, with Pillow's options."""
    buffer = io.BytesIO()
    corners(SMALL).save(buffer, format_name, **options)
    return buffer.getvalue()


def iptc(title: str) -> bytes:
    """Return a JPEG's segment of Photoshop's resources, with an IPTC title in it."""
    record = struct.pack(">BBBH", 0x1C, 2, 5, len(title)) + title.encode()
    padded = record + b"\0" * (len(record) % 2)
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(record)) + padded
    content = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content


def talkative(format_name: str) -> bytes:
    """Return an image with a credit, and with all other metadata that its format can hold."""
    options: dict[str, object] = {
        "exif": exif(rights="(c) 2026 Ada", creator="Ada"),
        "xmp": packet(rights=["(c) another"], creator=["another"], extra=PRIVATE_XMP),
        "icc_profile": display_p3(),
    }
    if format_name == "JPEG":
        options |= {"comment": b"secret title", "extra": iptc("secret title")}
    return saved(format_name, **options)
