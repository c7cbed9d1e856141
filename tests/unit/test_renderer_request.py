"""What a path of the edge asks the renderer for."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.errors import UnsupportedKey
from shared.model.keys import refuse_unsupported, shard, stored_key
from shared.model.recipe import Slot
from tests.support.edge_cases import CASES
from worker.renderer.request import Asked, BadMethod, NotAnObject, read_event, read_request

pytestmark = pytest.mark.unit


def asked(path: str, query: str = "", **headers: str) -> Asked:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_request("GET", path, query, named)


def test_a_path_has_key_variant_and_slot() -> None:
    path = f"/{stored_key('a/b.jpg', 'w64.webp')}"

    found = asked(path, "v=0123456789ab", if_none_match='"e"')

    assert found == Asked(
        "a/b.jpg", "w64.webp", ("w64", Slot.WEBP), version="0123456789ab", if_none_match='"e"'
    )
    assert f"/{found.stored_key}" == path


def test_a_manifest_has_neither_variant_nor_slot() -> None:
    found = asked(f"/{stored_key('a.jpg', 'manifest.json')}")

    assert (found.name, found.file, found.version) == ("manifest.json", None, "")


@pytest.mark.parametrize("key", ["a/../b.jpg", "./a.jpg", "a\n.jpg", "a\x7f.jpg", "a\uffff.jpg"])
@pytest.mark.parametrize("is_encoded", [True, False])
def test_keys_that_no_source_can_have_are_no_objects(key: str, *, is_encoded: bool) -> None:
    path = f"{shard(key)}/{key}/w64.webp"

    with pytest.raises(NotAnObject):
        asked(f"/{quote(path) if is_encoded else path}")


@pytest.mark.parametrize(
    "path", ["", "/", "/a", "/ff/a.jpg/w64.webp", "/a/b/c", "/%ff/a/w64.webp", "/\ud800/a/w.webp"]
)
def test_other_paths_are_no_objects(path: str) -> None:
    with pytest.raises(NotAnObject):
        asked(path)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", ""])
def test_only_get_and_head_are_read(method: str) -> None:
    with pytest.raises(BadMethod):
        read_request(method, f"/{stored_key('a.jpg', 'w64.webp')}", "", {})


@pytest.mark.parametrize("event", [None, [], {}, {"rawPath": 7}, {"requestContext": {"http": 1}}])
def test_an_event_of_another_kind_is_no_object(event: object) -> None:
    with pytest.raises(NotAnObject):
        read_event(event)


@given(st.text(min_size=1, max_size=40))
def test_a_key_is_read_back_from_its_encoded_path(key: str) -> None:
    try:
        refuse_unsupported(key)
    except (UnsupportedKey, UnicodeError):
        return

    assert asked(f"/{quote(stored_key(key, 'w64.webp'))}").source_key == key


@given(st.text(alphabet="abc%+ 0245Fé/", min_size=1, max_size=20))
def test_a_key_is_read_back_from_its_decoded_path_unless_it_looks_encoded(key: str) -> None:
    try:
        refuse_unsupported(key)
    except UnsupportedKey:
        return
    found = asked(f"/{stored_key(key, 'w64.webp')}").source_key

    # Only a key that is another one's encoded form, of the same shard, can be taken for that.
    assert found == key or (quote(found, safe="/+ é") != found and shard(found) == shard(key))


STORED = sorted({each.expected for each in CASES if isinstance(each.expected, str)})


@pytest.mark.parametrize("path", STORED, ids=lambda path: ascii(path)[:60])
def test_every_path_that_the_edge_chooses_is_read(path: str) -> None:
    found = asked(path)

    assert stored_key(found.source_key, found.name) == unquote(path).removeprefix("/")
    assert found.source_key in unquote(path)


def test_most_paths_of_the_table_are_of_awkward_keys() -> None:
    assert len(STORED) > len([path for path in STORED if path.isascii() and "%" not in path]) > 0
