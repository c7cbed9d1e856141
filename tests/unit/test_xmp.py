import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.xmp import MAX_BYTES, MAX_ITEMS, read_items, write_items
from tests.support.credits import packet

pytestmark = pytest.mark.unit


def test_rights_and_creators_are_read() -> None:
    found = read_items(packet(rights=["© Ada"], creator=["Ada", "Grace"]))

    assert found == {"rights": ["© Ada"], "creator": ["Ada", "Grace"]}


def test_nothing_else_is_read() -> None:
    assert read_items(packet(rights=[], creator=[], extra="<dc:title>secret</dc:title>")) == {}


def test_other_lists_are_not_taken_for_creators() -> None:
    subject = "<dc:subject><rdf:Bag><rdf:li>secret</rdf:li></rdf:Bag></dc:subject>"

    assert read_items(packet(rights=[], creator=["Ada"], extra=subject)) == {"creator": ["Ada"]}


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
HOSTILE: dict[str, bytes] = {
    "entities": BOMB + packet(rights=["&b;"], creator=[]),
    "a file of the machine": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    + packet(rights=["&a;"], creator=[]),
    "too long": packet(rights=["x" * MAX_BYTES], creator=[]),
    "no XML": b"\xff\xd8\xff",
    "half a packet": packet(rights=["x"], creator=["y"])[:150],
    "an encoding that nobody knows": b'<?xml version="1.0" encoding="klingon"?><x/>',
    "nothing": b"",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_packet_has_no_items(data: bytes) -> None:
    assert read_items(data) == {}


def test_the_length_of_a_list_is_bounded() -> None:
    found = read_items(packet(rights=[], creator=["x" * 5000] * 100))

    assert len(found["creator"]) == MAX_ITEMS
    assert {len(each) for each in found["creator"]} == {1024}


@given(st.binary() | st.binary().map(lambda junk: packet(rights=["x"], creator=["y"]) + junk))
def test_any_bytes_are_read_or_ignored(data: bytes) -> None:
    assert set(read_items(data)) <= {"rights", "creator"}


printable = st.text(min_size=1, max_size=40).filter(str.isprintable)


@given(st.lists(printable, max_size=1), st.lists(printable, max_size=3))
def test_any_items_are_read_as_they_were_written(rights: list[str], creators: list[str]) -> None:
    said = {"rights": rights, "creator": creators}

    packet = write_items(said)

    assert packet.isascii()
    assert read_items(packet) == {name: items for name, items in said.items() if items}


def test_a_packet_holds_the_given_items_and_nothing_else() -> None:
    said = write_items({"rights": ["© A & B <c>"], "creator": ["Ada", "Grace"]})

    assert said.decode() == (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">&#169; A &amp; B &lt;c&gt;</rdf:li>'
        "</rdf:Alt></dc:rights>"
        "<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Grace</rdf:li></rdf:Seq></dc:creator>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
