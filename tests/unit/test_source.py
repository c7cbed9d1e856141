import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.source import Overrides, Source

pytestmark = pytest.mark.unit

etags = st.text("0123456789abcdef-", min_size=1)
asked = st.none() | st.text(min_size=1) | st.sampled_from(["a;focal=b", "a", "b", "a%3Bfocal"])
overrides = st.builds(Overrides, recipe=asked, focal=asked)


def identity(etag: str, overrides: Overrides) -> str:
    return Source("cat.jpg", etag, 1, overrides).identity


def test_a_source_without_overrides_is_its_etag() -> None:
    assert identity("5d41", Overrides()) == "5d41"


def test_overrides_are_part_of_a_sources_identity() -> None:
    asked = Overrides(recipe="transcode", focal="0.5,0.5")

    assert identity("5d41", asked) == "5d41;recipe=transcode;focal=0.5%2C0.5"


@given(etags, overrides, etags, overrides)
def test_two_identities_are_equal_only_if_etag_and_overrides_are(
    etag: str, asked: Overrides, other_etag: str, other: Overrides
) -> None:
    same = (etag, asked) == (other_etag, other)

    assert (identity(etag, asked) == identity(other_etag, other)) == same


def test_a_key_and_a_size_are_no_part_of_an_identity() -> None:
    one = Source("cat.jpg", "5d41", 1)
    other = Source("dog.jpg", "5d41", 2, is_own_output=True)

    assert one.identity == other.identity


def test_an_empty_override_is_ignored() -> None:
    assert identity("5d41", Overrides(recipe="", focal="")) == "5d41"


def test_overrides_are_read_from_metadata_and_the_rest_is_ignored() -> None:
    read = Overrides.from_metadata({"recipe": "transcode", "focal": "0.2,0.3", "author": "x"})

    assert read == Overrides(recipe="transcode", focal="0.2,0.3")
    assert Overrides.from_metadata({}) == Overrides()
