"""Reads and writes dc:creator and dc:rights of an XMP packet.

Packets of sources are untrusted. So they are bounded and may not declare a document type: without
declarations there are no entities to expand. They are UTF-8, as the containers require.
"""

from collections.abc import Mapping, Sequence
from xml.parsers import expat

FIELD = "xmp-data"  # libvips' metadata field for the packet
DC = "http://purl.org/dc/elements/1.1/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LIST_ITEM = (RDF, "li")
# ISO 16684-1, section 8.3: rights are one text in several languages, creators a list by rank.
KINDS = {"rights": ("Alt", ' xml:lang="x-default"'), "creator": ("Seq", "")}
# Editing histories make packets long.
MAX_BYTES = 1024 * 1024
MAX_ITEMS = 16
MAX_ITEM_CHARS = 1024
# A compressed packet of 2 KB can have 200,000 elements.
MAX_ELEMENTS = 10_000
NAMESPACES = frozenset({DC, RDF})
DECLARATION = "xmlns"


class _Stopped(Exception):
    """The packet declares a document type, or has too many elements."""


class _Reader:
    """Collects the list items of the wanted properties.

    Not by expat's own namespaces: it writes a namespace in front of each name in it, so that a
    packet of 1.4 KB with a long one took over 20 s.
    """

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._namespaces: dict[str, str] = {}
        self._property: str | None = None
        self._elements = 0
        self._parser = parser = expat.ParserCreate(encoding="utf-8")
        parser.StartDoctypeDeclHandler = _stop
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end

    def read(self, packet: bytes) -> None:
        self._parser.Parse(packet, True)  # noqa: FBT003 - the library's signature

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise _Stopped
        self._declare(attributes)
        namespace, local = self._resolved(name)
        if namespace == DC and local in KINDS:
            self._property = local
        if self._property and (namespace, local) == LIST_ITEM:
            items = self.found.setdefault(self._property, [])
            if len(items) < MAX_ITEMS:
                items.append("")
                self._wants_text(wants=True)

    def _end(self, name: str) -> None:
        namespace, local = self._resolved(name)
        if (namespace, local) == LIST_ITEM:
            self._wants_text(wants=False)
        if namespace == DC and local == self._property:
            self._property = None

    def _text(self, text: str) -> None:
        if self._property:
            items = self.found[self._property]
            items[-1] = (items[-1] + text)[:MAX_ITEM_CHARS]
            self._wants_text(wants=len(items[-1]) < MAX_ITEM_CHARS)

    def _wants_text(self, *, wants: bool) -> None:
        # expat calls the handler for each line, and a packet may have a million empty ones.
        self._parser.CharacterDataHandler = self._text if wants else None

    def _declare(self, attributes: Mapping[str, str]) -> None:
        """Note the prefixes that an element declares: no packet uses one for two namespaces."""
        for name, value in attributes.items():
            kind, _, prefix = name.partition(":")
            if kind == DECLARATION:
                self._namespaces[prefix] = value if value in NAMESPACES else ""

    def _resolved(self, name: str) -> tuple[str, str]:
        """Return an element's namespace and local name; the namespace is empty if unknown."""
        prefix, _, local = name.rpartition(":")
        return self._namespaces.get(prefix, ""), local


def read_items(packet: bytes) -> Mapping[str, list[str]]:
    """Return the list items of `rights` and `creator`.

    Returns nothing for a packet that is too long, not well-formed or has a document type, and only
    the items of its first `MAX_ELEMENTS` elements.
    """
    if len(packet) > MAX_BYTES:
        return {}
    reader = _Reader()
    try:
        reader.read(packet.strip(b"\0 \r\n\t"))
    except _Stopped:
        return reader.found
    except (expat.ExpatError, ValueError, LookupError):
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
    listed = "".join(f"<rdf:li{attributes}>{_escaped(text)}</rdf:li>" for text in texts)
    return f"<dc:{name}><rdf:{kind}>{listed}</rdf:{kind}></dc:{name}>"


def _escaped(text: str) -> str:
    # Not by xml.sax.saxutils, which imports urllib, http and ssl: 15 ms of a child's start.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stop(*_declaration: object) -> None:
    raise _Stopped
