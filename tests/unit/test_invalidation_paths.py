"""The paths of a key that CloudFront invalidates, spelt as it compares and accepts them."""

import re
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import assume, given

from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.invalidation import evicts
from shared.model.errors import UnsupportedKey
from shared.model.invalidation_paths import EVERYTHING, MAX_PATH, paths_of, plain_paths_of
from shared.model.keys import public_path, shard, variant_key
from shared.model.recipe import Slot
from tests.support.awkward import KEYS, any_key

pytestmark = pytest.mark.unit

NAMELESS = frozenset("~*")
every_key = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
# A slash first, only characters that paths may have, and one wildcard at the end at most.
VALID = re.compile(r"/(?:[A-Za-z0-9._/!$&'()+,:;=@-]|%[0-9A-F]{2})*(?:\??\*)?")


def test_a_key_has_the_path_behind_the_edge_function_and_the_path_of_viewers() -> None:
    assert paths_of("photos/cat.jpg") == (
        f"/{shard('photos/cat.jpg')}/photos/cat.jpg/*",
        "/photos/cat.jpg*",
    )


@every_key
def test_every_path_is_one_that_cloudfront_takes(key: str) -> None:
    for path in (*paths_of(key), *plain_paths_of(key)):
        assert VALID.fullmatch(path), path
        assert len(path) <= MAX_PATH


@given(any_key)
def test_no_key_makes_a_path_that_cloudfront_refuses(key: str) -> None:
    for path in (*paths_of(key), *plain_paths_of(key)):
        assert VALID.fullmatch(path), path
        assert len(path) <= MAX_PATH or len(key.encode()) > 1024


@every_key
def test_what_the_edge_caches_for_a_key_is_evicted(key: str) -> None:
    with suppress(UnsupportedKey):
        # As the edge function encodes it: tests/terraform compares the two.
        rewritten = "/" + quote(variant_key(key, "w64", Slot.WEBP), safe="/")

        assert evicts("D", paths_of(key))(CacheKey("D", "GET", rewritten))


@pytest.mark.parametrize("key", [key for key in KEYS.values() if not set(key) & NAMELESS])
@pytest.mark.parametrize("query", ["", "w=640&v=0123456789ab"])
def test_what_viewers_ask_for_is_evicted_as_browsers_and_our_urls_spell_it(
    key: str, query: str
) -> None:
    for path in (public_path(key), public_path(key, plain="!$&'()+,:;=@")):
        assert evicts("D", paths_of(key))(CacheKey("D", "GET", path, query))


@given(any_key, any_key)
def test_the_paths_of_a_key_evict_no_other(key: str, other: str) -> None:
    assume(not set(key) & NAMELESS and not other.startswith(key))

    assert evicted(key, other) == set()


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("photos", "photos/cat.jpg"),
        ("photos/c", "photos/cat.jpg"),
        ("2026.01", "2026.01/cat.jpg"),
        ("photos/(", "photos/cat.jpg"),
        ("photos/cat+", "photos/cat.jpg"),
        ("photos/@", "photos/cat.jpg"),
        ("(", "photos/cat.jpg"),
        ("photos/?", "photos/cat.jpg"),
        ("photos/%", "photos/cat.jpg"),
        ("p*", "photos/cat.jpg"),
        ("photos/~", "photos/cat.jpg"),
        ("*", "photos/cat.jpg"),
        ("photos/cat.jpg", "photos/cat.png"),
    ],
)
def test_a_hostile_key_evicts_no_picture_of_others(key: str, other: str) -> None:
    assert shard(key) != shard(other)
    assert evicted(key, other) == set()


@pytest.mark.parametrize("char", sorted(NAMELESS))
def test_a_key_that_no_path_can_name_evicts_one_in_256_of_its_neighbours(char: str) -> None:
    neighbours = [f"photos/IMG_{number}.jpg" for number in range(2560)]

    shards = {shard(each) for each in neighbours if evicted(f"photos/{char}", each)}

    assert shards <= {shard(f"photos/{char}")}
    assert all(len(path) > len("/00/*") for path in paths_of(f"photos/{char}"))


def evicted(key: str, other: str) -> set[str]:
    """Return what the purge of a key evicts of another, behind the edge function and before it."""
    evicts_it = evicts("D", paths_of(key))
    with suppress(UnsupportedKey):
        stored = "/" + quote(variant_key(other, "w64", Slot.WEBP), safe="/")
        asked = [(stored, ""), (public_path(other), ""), (public_path(other), "w=640")]
        return {path for path, query in asked if evicts_it(CacheKey("D", "GET", path, query))}
    return set()


@given(any_key)
def test_the_path_of_a_key_evicts_no_other_shard(key: str) -> None:
    assert paths_of(key)[0].startswith(f"/{shard(key)}/")
    assert EVERYTHING not in paths_of(key)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("photos/red flower.jpg", "/photos/red%20flower.jpg*"),
        ("photos/ü.jpg", "/photos/%C3%BC.jpg*"),
        ("photos/100%.jpg", "/photos/100%25.jpg*"),
        ("photos/a#b.jpg", "/photos/a%23b.jpg*"),
        ("photos/[1].jpg", "/photos/%5B1%5D.jpg*"),
    ],
)
def test_what_rfc_1738_calls_unsafe_is_encoded(key: str, path: str) -> None:
    behind_the_edge, of_viewers = paths_of(key)

    assert of_viewers == path
    assert behind_the_edge == f"/{shard(key)}{path[:-1]}/*"


@pytest.mark.parametrize("char", list("!$&'()+,:;=@"))
def test_a_character_that_has_two_spellings_is_sent_in_both(char: str) -> None:
    key, encoded = f"photos/IMG_1{char}2.jpg", f"photos/IMG_1{quote(char)}2.jpg"

    assert paths_of(key) == (
        f"/{shard(key)}/{encoded}/*",
        f"/{shard(key)}/{key}/*",
        f"/{encoded}*",
        f"/{key}*",
    )


def test_a_key_without_the_suffix_of_a_picture_has_exact_paths_of_viewers() -> None:
    assert paths_of("photos") == (f"/{shard('photos')}/photos/*", "/photos", "/photos?*")


@pytest.mark.parametrize("char", ["~", "*"])
def test_the_path_of_a_key_that_cannot_be_named_ends_before_that(char: str) -> None:
    key = f"photos/IMG_1{char}2.jpg"

    assert paths_of(key) == (f"/{shard(key)}/photos/IMG_1*",)


def test_a_leading_slash_is_spelt_as_in_our_urls() -> None:
    assert paths_of("/photos/cat.jpg")[1] == "/%2Fphotos/cat.jpg*"


@every_key
def test_plain_paths_are_those_of_plain_keys(key: str) -> None:
    is_plain = re.fullmatch(r"[A-Za-z0-9_./-]+", key)

    assert plain_paths_of(key) == (paths_of(key) if is_plain else ())
