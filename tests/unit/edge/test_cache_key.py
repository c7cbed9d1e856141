import pytest

from scripts.local.edge.cache_key import CacheKey, KeyPolicy, Selection, cache_key
from scripts.local.edge.messages import Request
from tests.unit.edge.fakes import DISTRIBUTION

V_ONLY = KeyPolicy(query=Selection("whitelist", frozenset({"v"})))


def key_of(policy: KeyPolicy, *, query: str = "", **headers: str) -> CacheKey:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return cache_key(DISTRIBUTION, Request("GET", "/a.jpg", query, named), policy)


@pytest.mark.parametrize(
    ("behaviour", "names", "kept"),
    [
        ("none", (), ""),
        ("all", (), "w=1&v=2&W=3"),
        ("whitelist", ("v",), "v=2"),
        ("whitelist", ("w", "v"), "w=1&v=2"),
        ("allExcept", ("v",), "w=1&W=3"),
    ],
)
def test_the_policy_chooses_query_parameters(
    behaviour: str, names: tuple[str, ...], kept: str
) -> None:
    policy = KeyPolicy(query=Selection(behaviour, frozenset(names)))

    assert key_of(policy, query="w=1&v=2&W=3").query == kept


def test_what_is_not_in_the_policy_is_not_in_the_key() -> None:
    assert key_of(V_ONLY, query="v=1&w=1") == key_of(V_ONLY, query="w=2&v=1", accept="*/*")
    assert key_of(V_ONLY, query="v=1") != key_of(V_ONLY, query="v=2")


def test_an_encoded_name_is_the_same_name_and_the_order_counts() -> None:
    everything = KeyPolicy(query=Selection("all"))

    assert key_of(V_ONLY, query="%76=1").query == "%76=1"
    assert key_of(everything, query="a=1&b=2") != key_of(everything, query="b=2&a=1")


def test_headers_have_no_case_and_no_order() -> None:
    policy = KeyPolicy.of({"HeaderBehavior": "whitelist", "Headers": ["Origin", "Accept"]})

    assert key_of(policy, accept="a", origin="o", dpr="2").headers == (
        ("accept", "a"),
        ("origin", "o"),
    )
    assert key_of(policy, accept="a") != key_of(policy, accept="b")


def test_cookies_have_no_order() -> None:
    policy = KeyPolicy.of({"CookieBehavior": "allExcept", "Cookies": ["session"]})

    assert key_of(policy, cookie="b=2; session=x; a=1").cookies == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("accept", "kept"),
    [
        ("", ()),
        ("identity", ()),
        ("gzip, deflate, br, zstd", ("br", "gzip")),
        ("GZIP;q=0.5", ("gzip",)),
        ("br;q=0, gzip;q=0.0", ()),
    ],
)
def test_the_accepted_encodings_are_normalised(accept: str, kept: tuple[str, ...]) -> None:
    both = KeyPolicy.of({"EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True})

    assert key_of(both, accept_encoding=accept).encodings == kept
    assert key_of(KeyPolicy(), accept_encoding=accept).encodings == ()


def test_a_path_of_the_key_has_its_part_of_the_query() -> None:
    assert key_of(V_ONLY, query="w=1&v=2").path == "/a.jpg?v=2"
    assert key_of(V_ONLY, query="w=1").path == "/a.jpg"
