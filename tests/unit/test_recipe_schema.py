import json
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.pixfleet.plan.schema import DIALECT, recipes_schema
from shared.model.errors import Misconfigured
from shared.model.recipe import Recipe
from shared.model.recipe_reader import read_recipes
from tests.support.json_schema import is_valid
from tests.support.recipes import recipe, recipe_document, shipped, variant
from tests.unit.test_recipe_problems import WRONG_DOCUMENTS, WRONG_RECIPES, WRONG_VARIANTS

pytestmark = pytest.mark.unit

# As other programs read it: enumerations become plain strings.
SCHEMA = json.loads(json.dumps(recipes_schema()))
# Problems that a JSON Schema cannot express.
NOT_IN_SCHEMA = (
    "plain occurs more than once",
    "is defined above with other settings",
    "at most 64 variants",
    "800 bytes",
    "is lazy in one entry only",
    "expected at least one file that is not lazy",
)


def refusals(document: object) -> tuple[str, ...]:
    try:
        read_recipes(document)
    except Misconfigured as refused:
        return refused.problems
    return ()


def is_not_in_schema(problem: str) -> bool:
    return any(text in problem for text in NOT_IN_SCHEMA)


# Values for any place of a valid document; among them are the edges of every bound.
WRONG_VALUES = st.sampled_from(
    [
        *(None, True, -1, 0, 1, 1.5, 7, 10, 101, 8193, 100_001, (1 << 32) + 1, 0.005),
        *("", "x", "a\n", "A", "a" * 33, "w640", "#ffffff\n", [], ["x"], [""], {}, {"x": 1}),
    ]
)
FIGURES = st.fixed_dictionaries(
    {}, optional={"avif": st.just(9), "webp": st.just(6), "jpeg": st.just(3)}
)
LAZY = st.one_of(
    st.booleans(),
    st.lists(st.sampled_from(["avif", "webp", "fallback"]), max_size=2),
    st.sampled_from([["jpeg"], "webp", 0]),
)
ENCODED = {"quality": FIGURES, "effort": FIGURES}
LAZY_OR_NOT = {"lazy": LAZY, **ENCODED}
SLOTS = st.lists(st.sampled_from(["avif", "webp", "fallback"]), min_size=1, max_size=3)
SIDE = st.sampled_from([1, 640, 8192])
SINGLE = st.fixed_dictionaries(
    {"name": st.sampled_from(["thumb", "w6a"]), "formats": SLOTS},
    optional={
        "width": SIDE,
        "height": SIDE,
        "fit": st.sampled_from(["inside", "cover", "contain"]),
        "gravity": st.sampled_from(["centre", "focal"]),
        **LAZY_OR_NOT,
    },
)
LADDER = st.fixed_dictionaries(
    {"widths": st.lists(SIDE, min_size=1, max_size=2), "formats": SLOTS},
    optional=LAZY_OR_NOT,
)
MODE = st.sampled_from(["keep", "first-frame"])
ANIMATION = {"mode": MODE, "max_frames": st.just(100_000), "max_pixels": st.just(1 << 32)}
WATERMARK = {
    "position": st.just("centre"),
    "scale": st.sampled_from([0.01, 1]),
    "opacity": st.sampled_from([0, 0.5]),
}
RECIPE = st.fixed_dictionaries(
    {
        "name": st.just("plain"),
        "variants": st.lists(st.one_of(SINGLE, LADDER), min_size=1, max_size=2),
    },
    optional={
        "match": st.fixed_dictionaries(
            {}, optional={"prefix": st.just("a/"), "suffixes": st.just([".JPG"])}
        ),
        "background": st.just("#ffFF00"),
        "animation": st.one_of(MODE, st.fixed_dictionaries({}, optional=ANIMATION)),
        "placeholder": st.booleans(),
        "watermark": st.fixed_dictionaries({"key": st.just("logo.png")}, optional=WATERMARK),
        "metadata": st.just(["copyright", "creator"]),
        "purge": st.sampled_from(["replace", "delete"]),
        **ENCODED,
    },
)


@st.composite
def documents(draw: st.DrawFn) -> object:
    """Draw a valid document with up to two mistakes."""
    document: object = recipe_document(draw(RECIPE))
    for _ in range(draw(st.integers(0, 2))):
        document = with_mistake(document, draw)
    return document


def with_mistake(value: object, draw: st.DrawFn) -> object:
    """Return a value with one mistake: a wrong value, an unknown field or a missing one."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 5)) == 0:
        return draw(WRONG_VALUES)
    if isinstance(value, list):
        at = draw(st.integers(0, len(value) - 1))
        return [
            with_mistake(each, draw) if here == at else each for here, each in enumerate(value)
        ]
    name = draw(st.sampled_from([*value, "widths", "height", "more"]))
    if name in value and draw(st.integers(0, 5)) == 0:
        return {other: each for other, each in value.items() if other != name}
    return {**value, name: with_mistake(value.get(name), draw)}


@settings(max_examples=500, deadline=None)
@given(documents())
def test_schema_and_reader_refuse_the_same_documents(document: object) -> None:
    problems = [each for each in refusals(document) if not is_not_in_schema(each)]

    assert is_valid(SCHEMA, document) == (not problems), problems


@pytest.mark.parametrize("entry", [variant(fit="cover", height=9), variant(quality={"jpeg": 1})])
def test_valid_variants_are_valid(entry: dict[str, object]) -> None:
    assert is_valid(SCHEMA, recipe_document(recipe(variants=[entry])))


def test_the_shipped_recipes_are_valid() -> None:
    assert is_valid(SCHEMA, shipped())


@pytest.mark.parametrize(
    "document",
    [
        *(
            document
            for document, problem in WRONG_DOCUMENTS.values()
            if not is_not_in_schema(problem)
        ),
        *(
            recipe_document(recipe(name="first"), recipe(**fields))
            for fields, problem in WRONG_RECIPES
            if not is_not_in_schema(problem)
        ),
        *(
            recipe_document(recipe(variants=[variant(name="other"), entry]))
            for entry, problem in WRONG_VARIANTS
            if not is_not_in_schema(problem)
        ),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(document: object) -> None:
    assert not is_valid(SCHEMA, document)


def test_the_schema_has_every_field_of_a_recipe() -> None:
    # Caps are a part of `animation`. Quality and effort are read into the variants.
    read = {field.name for field in fields(Recipe)} - {"caps", "purges_replaced"}
    read |= {"quality", "effort", "purge"}

    assert SCHEMA["properties"]["recipes"]["items"]["properties"].keys() == read


def test_the_schema_names_its_dialect() -> None:
    assert SCHEMA["$schema"] == DIALECT
