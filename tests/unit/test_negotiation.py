from hashlib import sha256
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.errors import UnsupportedKey
from shared.model.keys import public_url, variant_key
from shared.model.recipe import Slot
from tests.support.awkward import KEYS, any_key
from tests.support.edge_cases import CASES, RECIPE_SETS, EdgeCase
from tests.terraform.edge_model import EdgeRequest, NotServed, readable, stored_path

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_model_answers_the_table(case: EdgeCase) -> None:
    recipe_set = RECIPE_SETS[case.recipe_set]

    if isinstance(case.expected, str):
        assert stored_path(recipe_set, case.request) == case.expected
    else:
        with pytest.raises(NotServed) as refused:
            stored_path(recipe_set, case.request)
        assert (refused.value.status, str(refused.value)) == case.expected


def test_the_table_tells_every_case_apart() -> None:
    names = [case.name for case in CASES]

    assert len(names) == len(set(names))


@given(any_key)
def test_a_manifests_url_leads_to_the_object_that_was_stored(key: str) -> None:
    recipe_set = RECIPE_SETS["shipped"]
    url = urlsplit(public_url(key, variant="thumb", slot=WEBP, version="0123456789ab"))
    request = EdgeRequest(url.path, parse_qs(url.query))

    try:
        path = stored_path(recipe_set, request)
    except NotServed:
        return

    assert unquote(path) == "/" + variant_key(key, "thumb", WEBP)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_awkward_key_that_can_be_stored_is_served(key: str) -> None:
    url = urlsplit(public_url(key, variant="w320", slot=AVIF, version="0123456789ab"))
    request = EdgeRequest(url.path, parse_qs(url.query))

    try:
        stored = variant_key(key, "w320", AVIF)
    except UnsupportedKey:
        with pytest.raises(NotServed):
            stored_path(RECIPE_SETS["shipped"], request)
    else:
        assert unquote(stored_path(RECIPE_SETS["shipped"], request)) == f"/{stored}"


@given(st.text(st.characters(codec="utf-8")), any_key)
def test_whatever_is_asked_the_shard_is_that_of_the_key(query: str, key: str) -> None:
    request = EdgeRequest("/" + key.replace("%", "%25"), {"w": [query]}, query)

    try:
        path = unquote(stored_path(RECIPE_SETS["shipped"], request))
    except NotServed:
        return

    assert path.startswith(f"/{sha256(key.encode()).hexdigest()[:2]}/{key}/w")


def test_a_reader_takes_slots_in_the_order_of_its_q() -> None:
    reader = readable("image/webp, image/avif;q=0.9, image/jpeg;q=0.1")

    assert reader.taken == (WEBP, AVIF, FALLBACK)
    assert reader.others == ()


def test_what_a_reader_does_not_take_comes_safest_first() -> None:
    reader = readable("text/html, */*;q=0")

    assert reader.taken == ()
    assert reader.others == (FALLBACK, WEBP, AVIF)
