import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.errors import UnsupportedKey
from shared.model.keys import (
    MAX_KEY_BYTES,
    NotAVariantKey,
    VariantKey,
    manifest_key,
    parse_variant_key,
    public_url,
    refuse_unsupported,
    shard,
    variant_key,
)
from shared.model.recipe import Slot
from tests.support.awkward import KEYS, any_key

pytestmark = pytest.mark.unit

# The key that is left after a shard, two slashes and `manifest.json`.
LONGEST = "k" * (MAX_KEY_BYTES - len("00//manifest.json"))
STORABLE = {name: key for name, key in KEYS.items() if name != "1024-bytes"}

short_key = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)
variant_name = st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True)


@pytest.mark.parametrize(
    ("key", "digits"),
    # printf %s KEY | sha256sum
    [("photos/cat.jpg", "9c"), ("café.jpg", "a4"), ("🐈.jpg", "19")],
)
def test_the_shard_is_the_beginning_of_the_keys_sha_256(key: str, digits: str) -> None:
    assert shard(key) == digits


def test_shards_spread_keys_over_256_prefixes() -> None:
    found = {shard(f"photos/{number}.jpg") for number in range(5000)}

    assert len(found) == 256
    assert all(re.fullmatch("[0-9a-f]{2}", each) for each in found)


def test_a_variant_is_stored_under_its_sources_own_key() -> None:
    stored = variant_key("photos/a+b c.jpg", "w640", Slot.AVIF)

    assert stored == f"{shard('photos/a+b c.jpg')}/photos/a+b c.jpg/w640.avif"


def test_a_manifest_is_stored_beside_the_variants() -> None:
    stored = manifest_key("photos/cat.jpg")

    assert stored == f"{shard('photos/cat.jpg')}/photos/cat.jpg/manifest.json"


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize("key", STORABLE.values(), ids=STORABLE.keys())
def test_an_awkward_key_is_parsed_from_its_variants_key(key: str, slot: Slot) -> None:
    stored = variant_key(key, "w640", slot)

    assert parse_variant_key(stored) == VariantKey(key, "w640", slot)


@given(short_key, variant_name, st.sampled_from(Slot))
def test_any_key_is_parsed_from_its_variants_key(key: str, variant: str, slot: Slot) -> None:
    stored = variant_key(key, variant, slot)

    assert parse_variant_key(stored) == VariantKey(key, variant, slot)
    assert len(stored.encode()) <= MAX_KEY_BYTES


@given(short_key, variant_name, st.sampled_from(Slot), short_key)
def test_no_two_sources_have_the_same_variant_key(
    key: str, variant: str, slot: Slot, other: str
) -> None:
    places = {variant_key(key, variant, slot), manifest_key(key)}
    nested = f"{key}/{variant}.{slot}"

    assert places.isdisjoint({variant_key(nested, variant, slot), manifest_key(nested)})
    assert key == other or places.isdisjoint(
        {variant_key(other, variant, slot), manifest_key(other)}
    )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "cat.jpg",
        "00/w640.avif",
        "/photos/cat.jpg/w640.avif",
        "zz/photos/cat.jpg/w640.avif",
        manifest_key("photos/cat.jpg"),
        variant_key("photos/cat.jpg", "w640", Slot.AVIF).upper(),
        f"{shard('cat.jpg')}/cat.jpg/w640.jpeg",
        f"{shard('cat.jpg')}/cat.jpg/w640",
        f"{shard('cat.jpg')}/cat.jpg/.avif",
        f"{shard('')}//w640.avif",
    ],
)
def test_a_foreign_key_is_not_a_variant_key(key: str) -> None:
    with pytest.raises(NotAVariantKey, match="Expected <shard>/<source key>/<variant>"):
        parse_variant_key(key)


@given(any_key)
def test_any_other_key_of_the_bucket_is_parsed_or_refused(key: str) -> None:
    try:
        parts = parse_variant_key(key)
    except NotAVariantKey:
        parts = None

    assert parts is None or variant_key(parts.source_key, parts.variant, parts.slot) == key


def test_the_longest_key_that_fits_is_stored() -> None:
    assert len(manifest_key(LONGEST)) == MAX_KEY_BYTES


@pytest.mark.parametrize("key", [f"{LONGEST}k", "é" * 504, KEYS["1024-bytes"]])
def test_a_key_over_s3s_limit_is_refused_by_its_bytes(key: str) -> None:
    with pytest.raises(UnsupportedKey, match=r"1024 bytes, got \d+ for manifest\.json") as caught:
        refuse_unsupported(key)

    assert caught.value.stage == "key"


def test_a_key_too_long_for_a_variant_is_refused_by_that_variants_name() -> None:
    assert len(variant_key(LONGEST, "thumb", Slot.WEBP)) < MAX_KEY_BYTES

    with pytest.raises(UnsupportedKey, match=r"got 1025 for w1280\.fallback"):
        variant_key(LONGEST, "w1280", Slot.FALLBACK)


@pytest.mark.parametrize("key", STORABLE.values(), ids=STORABLE.keys())
def test_an_awkward_key_is_supported(key: str) -> None:
    refuse_unsupported(key)


@pytest.mark.parametrize(
    "key", ["..", ".", "../secret.jpg", "a/../b.jpg", "a/./b.jpg", "a/..", "/..", "./a.jpg"]
)
def test_a_key_with_dot_segments_is_refused(key: str) -> None:
    with pytest.raises(UnsupportedKey, match="segments"):
        refuse_unsupported(key)


@pytest.mark.parametrize("key", ["...", "a..b.jpg", ".hidden.jpg", "a/..b/c.jpg", "a/.../b.jpg"])
def test_dots_in_a_name_are_allowed(key: str) -> None:
    refuse_unsupported(key)


@pytest.mark.parametrize("char", [*map(chr, range(0x20)), "\x7f"], ids=ascii)
def test_a_key_with_a_control_character_is_refused(char: str) -> None:
    with pytest.raises(UnsupportedKey, match="control characters"):
        refuse_unsupported(f"photos/a{char}b.jpg")


def test_a_url_names_the_variant_and_its_version() -> None:
    url = public_url("photos/a b+c%20é.jpg", variant="w640", slot=Slot.AVIF, version="v1")

    assert url == "/photos/a%20b%2Bc%2520%C3%A9.jpg?variant=w640&format=avif&v=v1"


def test_a_url_never_names_another_host() -> None:
    url = public_url("/evil.example/cat.jpg", variant="w640", slot=Slot.AVIF, version="v1")

    assert url == "/%2Fevil.example/cat.jpg?variant=w640&format=avif&v=v1"


@given(any_key, variant_name, st.sampled_from(Slot))
def test_any_key_is_parsed_from_its_url(key: str, variant: str, slot: Slot) -> None:
    parts = urlsplit(public_url(key, variant=variant, slot=slot, version="v1"))

    assert (parts.scheme, parts.netloc, parts.fragment) == ("", "", "")
    assert unquote(parts.path.removeprefix("/"), errors="strict") == key
    assert parse_qs(parts.query) == {"variant": [variant], "format": [slot.value], "v": ["v1"]}
