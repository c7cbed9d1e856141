"""The comparison that decides whether a source is rendered again."""

from dataclasses import replace
from typing import Any

import pytest

from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.recipe import Recipe
from shared.model.recipe_reader import read_recipes
from shared.model.source import Listed, Overrides, Source
from shared.model.state import (
    CurrentRecipes,
    Reason,
    State,
    StateKind,
    assess,
    changed_since,
    recipe_for,
    unknown_recipe,
)
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
CURRENT_RECIPES = CurrentRecipes(RECIPES, lambda recipe: recipe.fingerprint)
KEY = "photos/a.jpg"
SOURCE = Source(KEY, "etag", 10, last_modified="2026-01-01T00:00:00+00:00")
LISTED = Listed(KEY, "etag", SOURCE.last_modified, 10)
PUBLIC = Entry(
    status=PUBLISHED,
    etag=SOURCE.etag,
    identity=SOURCE.identity,
    last_modified=SOURCE.last_modified,
    recipe=PLAIN.name,
    fingerprint=PLAIN.fingerprint,
    engine=ENGINE_VERSION,
    stored=frozenset(("small.webp",)),
)
UNFIT = replace(PUBLIC, status=REJECTED, stored=frozenset())
CHANGES: tuple[tuple[dict[str, Any], Reason], ...] = (
    ({"etag": "another", "identity": "another"}, Reason.SOURCE_REPLACED),
    ({"identity": "etag;focal=0.5%2C0.5"}, Reason.OVERRIDES_CHANGED),
    ({"fingerprint": OTHER.fingerprint}, Reason.RECIPE_CHANGED),
    ({"engine": "0"}, Reason.ENGINE_CHANGED),
    ({"is_unfinished": True}, Reason.UNFINISHED),
)
SEEN: tuple[Source | Listed, ...] = (SOURCE, LISTED)


def _asking(name: str, key: str = KEY) -> Source:
    return replace(SOURCE, key=key, overrides=Overrides(recipe=name))


def _kind(entry: Entry, seen: Source | Listed | None, key: str = KEY) -> StateKind:
    return assess(key, entry, seen, CURRENT_RECIPES).kind


def test_a_key_has_the_recipe_that_matches_it() -> None:
    assert recipe_for(SOURCE, RECIPES) == PLAIN


def test_metadata_may_ask_for_another_recipe() -> None:
    assert recipe_for(_asking("other"), RECIPES) == OTHER


def test_a_key_that_no_recipe_matches_has_none_whatever_its_metadata() -> None:
    assert recipe_for(_asking("other", key="elsewhere/a.jpg"), RECIPES) is None


def test_the_failure_of_an_unknown_recipe_names_the_known_ones() -> None:
    asking = _asking("odd")

    assert recipe_for(asking, RECIPES) is None
    assert "one of plain, other, got 'odd'" in unknown_recipe(asking, RECIPES).detail


@pytest.mark.parametrize("seen", SEEN)
def test_a_published_source_of_which_nothing_has_changed_is_current(
    seen: Source | Listed,
) -> None:
    assert _kind(PUBLIC, seen) is StateKind.CURRENT


@pytest.mark.parametrize("seen", SEEN)
def test_a_rejected_source_of_which_nothing_has_changed_stays_rejected(
    seen: Source | Listed,
) -> None:
    assert _kind(UNFIT, seen) is StateKind.REJECTED


@pytest.mark.parametrize("entry", [PUBLIC, UNFIT])
@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_a_source_of_which_anything_has_changed_is_stale(
    entry: Entry, change: dict[str, Any], reason: Reason
) -> None:
    state = assess(KEY, replace(entry, **change), SOURCE, CURRENT_RECIPES)

    assert state == State(StateKind.STALE, reason)


@pytest.mark.parametrize("seen", SEEN)
def test_a_rejected_source_that_was_uploaded_again_is_stale(seen: Source | Listed) -> None:
    state = assess(KEY, UNFIT, replace(seen, last_modified="later"), CURRENT_RECIPES)

    assert state == State(StateKind.STALE, Reason.DROPPED_AGAIN)


def test_a_published_source_that_was_uploaded_again_with_the_same_metadata_is_current() -> None:
    assert _kind(PUBLIC, replace(SOURCE, last_modified="later")) is StateKind.CURRENT


def test_a_source_without_a_recipe_stays_rejected_until_it_has_one() -> None:
    entry = replace(UNFIT, fingerprint="")

    assert changed_since(entry, SOURCE, "") is None
    assert changed_since(entry, SOURCE, PLAIN.fingerprint) is Reason.RECIPE_CHANGED


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("status", ["", REMOVED])
def test_a_source_that_was_neither_published_nor_rejected_is_missing(
    seen: Source | Listed, status: str
) -> None:
    never = assess(KEY, Entry(status=status), seen, CURRENT_RECIPES)
    begun = Entry(status=status, stored=PUBLIC.stored, is_unfinished=True)

    assert never == State(StateKind.MISSING, Reason.NEVER_MADE)
    assert assess(KEY, begun, seen, CURRENT_RECIPES) == State(StateKind.MISSING, Reason.UNFINISHED)


@pytest.mark.parametrize("entry", [PUBLIC, UNFIT, replace(PUBLIC, status="", is_unfinished=True)])
def test_an_entry_whose_source_is_gone_is_orphaned(entry: Entry) -> None:
    assert _kind(entry, None) is StateKind.ORPHANED


@pytest.mark.parametrize("status", ["", REMOVED])
def test_neither_source_nor_entry_is_absent(status: str) -> None:
    assert _kind(Entry(status=status), None) is StateKind.ABSENT


@pytest.mark.parametrize("seen", [SOURCE, LISTED])
@pytest.mark.parametrize("entry", [Entry(), Entry(status=REMOVED), UNFIT])
def test_a_key_without_recipe_and_variants_is_ignored(entry: Entry, seen: Source | Listed) -> None:
    assert _kind(entry, seen, key="elsewhere/a.jpg") is StateKind.IGNORED


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (Entry(), StateKind.IGNORED),
        (Entry(status=REMOVED), StateKind.IGNORED),
        (UNFIT, StateKind.ORPHANED),
    ],
)
def test_a_rejection_does_not_outlive_its_source_even_without_a_recipe(
    entry: Entry, kind: StateKind
) -> None:
    assert _kind(entry, None, key="elsewhere/a.jpg") is kind


@pytest.mark.parametrize("seen", SEEN)
def test_variants_whose_key_no_recipe_matches_any_more_are_stale(seen: Source | Listed) -> None:
    state = assess("elsewhere/a.jpg", PUBLIC, seen, CURRENT_RECIPES)

    assert state == State(StateKind.STALE, Reason.NO_RECIPE)


@pytest.mark.parametrize(
    "listed",
    [
        Listed(KEY),
        replace(LISTED, etag=""),
        replace(LISTED, last_modified=""),
        replace(LISTED, last_modified="later"),
    ],
)
def test_a_listing_that_does_not_show_whether_metadata_changed_needs_a_head(
    listed: Listed,
) -> None:
    assert _kind(PUBLIC, listed) is StateKind.NEEDS_HEAD


def test_a_listing_needs_no_head_where_the_engine_changed() -> None:
    entry = replace(PUBLIC, engine="0")

    assert _kind(entry, replace(LISTED, last_modified="later")) is StateKind.STALE


def test_a_listing_shows_the_overrides_of_the_object_that_the_entry_was_made_from() -> None:
    asking = _asking("other")
    entry = replace(
        PUBLIC, identity=asking.identity, recipe="other", fingerprint=OTHER.fingerprint
    )

    assert _kind(entry, LISTED) is StateKind.CURRENT
    assert _kind(replace(entry, recipe=""), LISTED) is StateKind.NEEDS_HEAD


LAZY_RECIPES = read_recipes(
    recipe_document(
        recipe(variants=[variant(formats=["avif", "webp", "fallback"], lazy=["webp"])]),
        recipe(
            name="other",
            match={"prefix": "other/"},
            variants=[variant(formats=["avif", "webp", "fallback"], lazy=["webp"])],
        ),
    ),
    where="recipes.yaml",
)
EAGER = frozenset(("small.avif", "small.fallback"))
ALL = EAGER | {"small.webp"}
COPY = {"small.fallback": "small.avif"}
STALE = StateKind.STALE
CURRENT = StateKind.CURRENT


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize(
    ("fields", "with_renderer", "without"),
    [
        ({"stored": EAGER}, CURRENT, STALE),
        ({"stored": EAGER, "lazy": frozenset(("small.webp",))}, CURRENT, STALE),
        ({"stored": ALL}, CURRENT, CURRENT),
        ({"stored": ALL, "is_all_eager": True}, CURRENT, CURRENT),
        ({"stored": EAGER, "is_all_eager": True}, STALE, STALE),
        ({"stored": EAGER - {"small.fallback"}}, STALE, STALE),
        # What a request stores may be deleted by a lifecycle rule.
        (
            {"stored": EAGER - {"small.fallback"}, "lazy": frozenset(("small.fallback",))},
            STALE,
            STALE,
        ),
        ({"stored": EAGER - {"small.fallback"}, "equal": COPY}, CURRENT, STALE),
        (
            {"stored": ALL - {"small.fallback"}, "equal": COPY, "is_all_eager": True},
            CURRENT,
            STALE,
        ),
        ({"stored": ALL, "equal": COPY}, CURRENT, CURRENT),
    ],
    ids=[
        "eager names",
        "lazy names requested",
        "made before the recipe was lazy",
        "all eager",
        "all eager but not stored",
        "an eager name missing",
        "an eager name stored by a request only",
        "an eager name a copy",
        "all eager with a copy",
        "copies stored",
    ],
)
def test_an_entry_without_an_eager_name_is_stale(
    seen: Source | Listed,
    fields: dict[str, Any],
    with_renderer: StateKind,
    without: StateKind,
) -> None:
    fingerprint = LAZY_RECIPES.recipes[0].fingerprint
    entry = replace(PUBLIC, fingerprint=fingerprint, **fields)

    states = [
        assess(
            KEY,
            entry,
            seen,
            CurrentRecipes(LAZY_RECIPES, lambda each: each.fingerprint, on_demand=on_demand),
        )
        for on_demand in (True, False)
    ]

    assert [each.kind for each in states] == [with_renderer, without]
    assert {each.reason for each in states} <= {None, Reason.NOT_AT_UPLOAD}


@pytest.mark.parametrize("seen", SEEN)
def test_a_rejected_source_lacks_no_name(seen: Source | Listed) -> None:
    recipes = CurrentRecipes(LAZY_RECIPES, lambda each: each.fingerprint, on_demand=True)
    entry = replace(UNFIT, fingerprint=LAZY_RECIPES.recipes[0].fingerprint)

    assert assess(KEY, entry, seen, recipes).kind is StateKind.REJECTED


def test_a_fingerprint_is_asked_for_only_where_it_decides() -> None:
    asked: list[Recipe] = []

    def fingerprint_of(recipe: Recipe) -> str:
        asked.append(recipe)
        return ""

    recipes = CurrentRecipes(RECIPES, fingerprint_of)

    assess(KEY, Entry(), SOURCE, recipes)
    assess(KEY, replace(PUBLIC, etag="another"), LISTED, recipes)

    assert not asked
