from collections.abc import Mapping

import pytest

from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.processes import Runner
from tests.support.images import jpeg

pytestmark = pytest.mark.e2e

# Some differ only where a wrong decoding would make them the same.
KEYS = {
    "a space": "cat photo.jpg",
    "a plus": "cat+photo.jpg",
    "a literal %20": "cat%20photo.jpg",
    "a literal %2B": "cat%2Bphoto.jpg",
    "an emoji": "cat 😀.jpg",
    "an e with accent": "café.jpg",
    "an e and an accent": "cafe\u0301.jpg",
    "a folder": "album/cat.jpg",
    "a leading slash": "/album/cat.jpg",
    "a slash twice": "album//cat.jpg",
    "a hash": "cat#1.jpg",
    "a question mark": "cat?w=1&h=2.jpg",
    "a trailing space": "cat.jpg ",
    "a thousand bytes": "é" * 250 + "/" + "+" * 495 + ".jpg",
}


@pytest.fixture(scope="module")
def etags(fleet: Fleet, runner: Runner) -> Mapping[str, str]:
    """Drop one picture under each key, each picture another one, and wait until all are done."""
    dropped = {
        key: fleet.put(key, jpeg((96, 64), seed=number))
        for number, key in enumerate(KEYS.values())
    }
    fleet.wait_until_published(dropped)
    fleet.wait_until_quiet()
    return dropped


@pytest.mark.parametrize("name", KEYS)
def test_a_source_arrives_under_exactly_its_own_key(
    name: str, fleet: Fleet, etags: Mapping[str, str]
) -> None:
    key = KEYS[name]

    manifest = fleet.manifest(key)

    assert manifest is not None
    assert manifest["source"]["key"] == key
    assert {fleet.source_etag_of(stored) for stored in keys_stored_for([key])} == {etags[key]}


def test_nothing_is_stored_under_any_other_key(fleet: Fleet, etags: Mapping[str, str]) -> None:
    stored = fleet.stored_keys()

    assert stored == keys_stored_for(KEYS.values())


def test_no_key_fails(fleet: Fleet, etags: Mapping[str, str]) -> None:
    dead_letters = fleet.dead_letters()

    assert dead_letters == []


def test_the_longest_of_these_keys_is_a_thousand_bytes() -> None:
    assert len(KEYS["a thousand bytes"].encode()) == 1000
