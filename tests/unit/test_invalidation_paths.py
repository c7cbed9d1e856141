"""The paths of a key that CloudFront invalidates, spelt as it compares and accepts them."""

import re
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given

from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.invalidation import evicts
from shared.model.errors import UnsupportedKey
from shared.model.invalidation_paths import EVERYTHING, MAX_PATH, paths_of, plain_paths_of
from shared.model.keys import shard, variant_key
from shared.model.recipe import Slot
from tests.support.awkward import KEYS, any_key

pytestmark = pytest.mark.unit

every_key = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
# A slash first, only characters that URLs may have, and one wildcard at the end.
VALID = re.compile(r"/(?:[A-Za-z0-9._/-]|%[0-9A-F]{2})*\*")


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
        assert evicts("D", plain_paths_of(key))(CacheKey("D", "GET", rewritten))


@given(any_key)
def test_the_path_of_a_key_evicts_no_other_shard(key: str) -> None:
    behind_the_edge, of_viewers = paths_of(key)

    assert behind_the_edge.startswith(f"/{shard(key)}/")
    assert EVERYTHING not in (behind_the_edge, of_viewers)


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


@pytest.mark.parametrize("char", list("~*!$&'()+,:;=?@"))
def test_a_path_ends_before_a_character_that_has_two_spellings(char: str) -> None:
    key = f"photos/IMG_1{char}2.jpg"

    assert paths_of(key) == (f"/{shard(key)}/photos/IMG_1*", "/photos/IMG_1*")


@pytest.mark.parametrize("key", ["(1).jpg", "a~.jpg", "*", "a*", "+1"])
def test_a_short_beginning_does_not_evict_everything_that_begins_with_it(key: str) -> None:
    behind_the_edge, of_viewers = paths_of(key)

    assert behind_the_edge.startswith(f"/{shard(key)}/")
    assert len(of_viewers) >= len("/%2A*")


def test_a_leading_slash_is_spelt_as_in_our_urls() -> None:
    assert paths_of("/photos/cat.jpg")[1] == "/%2Fphotos/cat.jpg*"


@every_key
def test_plain_paths_have_no_escape(key: str) -> None:
    paths = plain_paths_of(key)

    assert all("%" not in path for path in paths)
    assert paths[0].startswith(f"/{shard(key)}/")
    assert EVERYTHING not in paths
