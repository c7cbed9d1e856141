"""The comparisons that decide whether a source is made again."""

from dataclasses import replace
from typing import Any

import pytest

from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.recipe_reader import read_recipes
from shared.model.source import Overrides, Source
from shared.model.state import recipe_for, refuses, shows, unknown_recipe
from shared.model.versions import ENGINE_VERSION
from tests.support.recipes import recipe, recipe_document, variant

pytestmark = pytest.mark.unit

RECIPES = read_recipes(
    recipe_document(
        recipe(name="plain", match={"prefix": "photos/"}),
        recipe(name="other", match={"prefix": "other/"}, variants=[variant(width=200)]),
    ),
    where="recipes.yaml",
)
PLAIN, OTHER = RECIPES.recipes
SOURCE = Source("photos/a.jpg", "etag", 10, last_modified="2026-01-01T00:00:00+00:00")
PUBLIC = Entry(
    status=PUBLISHED,
    identity=SOURCE.identity,
    last_modified=SOURCE.last_modified,
    fingerprint=PLAIN.fingerprint,
    engine=ENGINE_VERSION,
)
OTHERWISE: tuple[dict[str, Any], ...] = (
    {"identity": "another"},
    {"fingerprint": OTHER.fingerprint},
    {"engine": "0"},
)


def _asking(name: str, key: str = SOURCE.key) -> Source:
    return replace(SOURCE, key=key, overrides=Overrides(recipe=name))


def test_a_key_has_the_recipe_that_matches_it() -> None:
    assert recipe_for(SOURCE, RECIPES) == PLAIN


def test_metadata_may_ask_for_another_recipe() -> None:
    assert recipe_for(_asking("other"), RECIPES) == OTHER


def test_a_key_that_no_recipe_matches_has_none_whatever_its_metadata() -> None:
    assert recipe_for(_asking("other", key="elsewhere/a.jpg"), RECIPES) is None


def test_an_unknown_recipe_is_told_with_those_that_there_are() -> None:
    asking = _asking("odd")

    assert recipe_for(asking, RECIPES) is None
    assert "one of plain, other, got 'odd'" in unknown_recipe(asking, RECIPES).detail


def test_an_entry_shows_the_source_and_recipe_that_it_was_made_from() -> None:
    assert shows(PUBLIC, SOURCE.identity, PLAIN.fingerprint)


@pytest.mark.parametrize("change", [*OTHERWISE, {"status": REJECTED}])
def test_an_entry_that_differs_in_anything_does_not_show_it(change: dict[str, Any]) -> None:
    assert not shows(replace(PUBLIC, **change), SOURCE.identity, PLAIN.fingerprint)


def test_an_entry_refuses_the_source_that_was_found_unfit() -> None:
    assert refuses(replace(PUBLIC, status=REJECTED), SOURCE, PLAIN)


@pytest.mark.parametrize("change", [*OTHERWISE, {"status": PUBLISHED}, {"last_modified": "later"}])
def test_an_entry_that_differs_in_anything_does_not_refuse_it(change: dict[str, Any]) -> None:
    entry = replace(PUBLIC, **{"status": REJECTED} | change)

    assert not refuses(entry, SOURCE, PLAIN)


def test_a_source_without_a_recipe_is_refused_until_it_has_one() -> None:
    entry = replace(PUBLIC, status=REJECTED, fingerprint="")

    assert refuses(entry, SOURCE, None)
    assert not refuses(entry, SOURCE, PLAIN)
