"""Reads and writes dc:creator and dc:rights of an XMP packet.

Packets of sources are untrusted. So they are bounded and may not declare a document type: without
declarations there are no entities to expand.
"""

from collections.abc import Mapping, Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape

FIELD = "xmp-data"  # libvips' metadata field for the packet
DC = "http://purl.org/dc/elements/1.1/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LIST_ITEM = f"{RDF} li"
# ISO 16684-1, section 8.3: rights are one text in several languages, creators a list by rank.
KINDS = {"rights": ("Alt", ' xml:lang="x-default"'), "creator": ("Seq", "")}
# Editing histories make packets long.
MAX_BYTES = 1024 * 1024
MAX_ITEMS = 16
MAX_ITEM_CHARS = 1024


class _Refused(Exception):
    """A packet that declares a document type."""


class _Reader:
    """Collects the list items of the wanted properties."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._property: str | None = None
        self._is_item = False

    def begin(self, name: str, _attributes: object) -> None:
        if name in {f"{DC} {each}" for each in KINDS}:
            self._property = name.removeprefix(f"{DC} ")
        if self._property and name == LIST_ITEM:
            items = self.found.setdefault(self._property, [])
            self._is_item = len(items) < MAX_ITEMS
            if self._is_item:
                items.append("")

    def end(self, name: str) -> None:
        if name == LIST_ITEM:
            self._is_item = False
        if self._property and name == f"{DC} {self._property}":
            self._property = None

    def text(self, text: str) -> None:
        if self._property and self._is_item:
            items = self.found[self._property]
            items[-1] = (items[-1] + text)[:MAX_ITEM_CHARS]


def read_items(packet: bytes) -> Mapping[str, list[str]]:
    """Return the list items of `rights` and `creator`.

    Returns nothing for a packet that is too long, not well-formed or has a document type.
    """
    if len(packet) > MAX_BYTES:
        return {}
    reader, parser = _Reader(), expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(packet.strip(b"\0 \r\n\t"), True)  # noqa: FBT003 - the library's signature
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        return {}
    return reader.found


def write_items(items: Mapping[str, Sequence[str]]) -> bytes:
    """Return a packet with the items of `rights` and `creator` only; they must be printable.

    The packet is ASCII, because libvips writes it into a PNG as Latin-1 text.
    """
    properties = "".join(_list(name, items[name]) for name in KINDS if items.get(name))
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" xmlns:dc="{DC}">'
        f"{properties}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode("ascii", "xmlcharrefreplace")


def _list(name: str, texts: Sequence[str]) -> str:
    kind, attributes = KINDS[name]
    listed = "".join(f"<rdf:li{attributes}>{escape(text)}</rdf:li>" for text in texts)
    return f"<dc:{name}><rdf:{kind}>{listed}</rdf:{kind}></dc:{name}>"


def _refuse(*_declaration: object) -> None:
    raise _Refused
