from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.lifetimes import Lifetime
from scripts.local.edge.store import Entry, Store
from tests.unit.edge.fakes import DISTRIBUTION, START, picture


def key(name: str) -> CacheKey:
    return CacheKey(DISTRIBUTION, "GET", f"/{name}")


def entry(size: int) -> Entry:
    return Entry(picture(body=bytes(size)), START, Lifetime(60))


def test_above_the_limit_the_entry_that_was_not_used_for_longest_is_dropped() -> None:
    store = Store(max_bytes=100)
    for name in "abc":
        store.put(key(name), entry(30))
    assert store.get(key("a"))

    store.put(key("d"), entry(30))

    assert [name for name in "abcd" if store.get(key(name))] == ["a", "c", "d"]


def test_an_entry_larger_than_the_limit_is_not_kept() -> None:
    store = Store(max_bytes=100)

    store.put(key("a"), entry(101))

    assert len(store) == 0


def test_replaced_and_removed_entries_take_no_space() -> None:
    store = Store(max_bytes=100)
    for _ in range(9):
        store.put(key("a"), entry(60))
    store.remove(key("a"))
    store.remove(key("a"))

    store.put(key("b"), entry(50))
    store.put(key("c"), entry(50))

    assert len(store) == 2


def test_evict_removes_what_matches() -> None:
    store = Store()
    for name in ("a1", "a2", "b1"):
        store.put(key(name), entry(1))

    assert store.evict(lambda one: one.uri.startswith("/a")) == 2

    assert store.get(key("a1")) is None
    assert store.get(key("b1"))


def test_only_an_object_is_asked_for_again_by_its_etag() -> None:
    found = Entry(picture().with_headers({"last-modified": "then"}), START, Lifetime(60))
    missing = Entry(picture(), START, Lifetime(60))
    missing = Entry(missing.response.__class__(404, missing.response.headers), START, Lifetime(60))

    assert found.conditions() == {"if-none-match": '"one"', "if-modified-since": "then"}
    assert missing.conditions() == {}
