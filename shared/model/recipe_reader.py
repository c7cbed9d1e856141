"""Reads and validates recipes, `recipes.yaml` or its JSON form; refuses with all problems."""

import json
import re
from collections.abc import Mapping

from shared.model.errors import Misconfigured
from shared.model.problems import Fields, Problems, is_whole
from shared.model.quality_and_effort import DEFAULT_QUALITY
from shared.model.recipe import (
    Animation,
    Caps,
    Match,
    Position,
    Recipe,
    RecipeSet,
    Watermark,
    ascii_lower,
)
from shared.model.variant_reader import (
    read_encoder_figures,
    read_name,
    read_variants,
    refuse_repeats,
)

SCHEMA_VERSION = 1

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
PURGE_REPLACED = "replace"
KEEPABLE_METADATA = frozenset({"copyright", "creator"})
# Bounds of `animation`, against typing errors. The limits of the deployment apply as well.
MAX_FRAMES = 100_000
MAX_PIXELS = 1 << 32
# A finished ledger entry has each name up to three times, and must stay under 4 KB, which DynamoDB
# bills as one read.
MAX_NAME_BYTES = 800


def read_recipes(document: object, *, where: str = "recipes") -> RecipeSet:
    """Return the recipes in a parsed document; `Misconfigured` with every problem otherwise."""
    problems = Problems()
    fields = Fields(document, "", problems, what="a mapping with version and recipes")
    version = fields.raw("version")
    if not is_whole(version, low=SCHEMA_VERSION, high=SCHEMA_VERSION):
        fields.problems.add("version", str(SCHEMA_VERSION), version)
    entries = fields.some_of("recipes", expected="a list of at least one recipe")
    recipes = tuple(_recipe(item, path, problems) for path, item in entries)
    refuse_repeats([recipe.name for recipe in recipes], "recipes", problems)
    fields.refuse_others()
    recipe_set = RecipeSet(recipes)
    _refuse_many_names(recipe_set, problems)
    if problems.found:
        raise Misconfigured(f"{where} cannot be used", problems.found)
    return recipe_set


def read_recipes_json(text: bytes, *, where: str) -> RecipeSet:
    """Return the recipes of a JSON text; `Misconfigured` with every problem otherwise."""
    try:
        return read_recipes(json.loads(text), where=where)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested too deeply
        raise Misconfigured(f"{where} cannot be used", [f"expected JSON: {error}"]) from error


def _refuse_many_names(recipe_set: RecipeSet, problems: Problems) -> None:
    size = sum(len(name) for name in recipe_set.object_names())
    if size > MAX_NAME_BYTES:
        problems.add_sentence(
            "recipes",
            f"expected variants whose names take at most {MAX_NAME_BYTES} bytes together, "
            f"got {size}: choose shorter names, fewer variants or fewer formats",
        )


def _recipe(value: object, path: str, problems: Problems) -> Recipe:
    fields = Fields(value, path, problems, what="a recipe: name, match, variants, …")
    name = read_name(fields)
    quality = read_encoder_figures(fields, "quality", DEFAULT_QUALITY)
    effort = read_encoder_figures(fields, "effort", {})
    animation, caps = _animation(fields)
    recipe = Recipe(
        name=name,
        match=_match(fields),
        variants=read_variants(fields, quality, effort),
        background=_background(fields),
        animation=animation,
        watermark=_watermark(fields),
        metadata=_metadata(fields),
        placeholder=fields.flag("placeholder", default=True),
        caps=caps,
        purges_replaced=_purges_replaced(fields),
    )
    fields.refuse_others()
    if recipe.variants and not recipe.eager_names():
        fields.problems.add_sentence(
            fields.at("variants"), "expected at least one file that is not lazy"
        )
    return recipe


def _match(fields: Fields) -> Match:
    if "match" not in fields:
        fields.raw("match")
        return Match()
    inner = Fields(
        fields.raw("match"), fields.at("match"), fields.problems, what="prefix, suffixes"
    )
    prefix = inner.text("prefix", "", expected="the beginning of a key", accept=lambda _: True)
    suffixes = []
    for path, item in inner.list_of("suffixes", expected="a list of suffixes such as .jpg"):
        if isinstance(item, str) and item:
            suffixes.append(ascii_lower(item))
        else:
            fields.problems.add(path, "a suffix such as .jpg", item)
    inner.refuse_others()
    return Match(prefix, tuple(suffixes))


def _background(fields: Fields) -> tuple[int, int, int] | None:
    text = fields.text(
        "background",
        "",
        expected='a colour such as "#ffffff"',
        accept=lambda value: bool(COLOUR.fullmatch(value)),
    )
    if not text:
        return None
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _animation(fields: Fields) -> tuple[Animation, Caps | None]:
    """Read `animation`: a mode, or a mapping of mode and caps."""
    value = fields.raw("animation")
    if not isinstance(value, Mapping):
        return fields.word("animation", Animation.KEEP), None
    inner = Fields(value, fields.at("animation"), fields.problems, what="mode, max_frames, …")
    mode = inner.word("mode", Animation.KEEP)
    caps = Caps(
        inner.whole("max_frames", None, low=1, high=MAX_FRAMES),
        inner.whole("max_pixels", None, low=1, high=MAX_PIXELS),
    )
    inner.refuse_others()
    if mode is not Animation.KEEP and caps != Caps():
        inner.problems.add_sentence(
            inner.path, f"mode {mode} takes neither max_frames nor max_pixels"
        )
    return mode, None if caps == Caps() else caps


def _watermark(fields: Fields) -> Watermark | None:
    value = fields.raw("watermark")
    if value is None:
        return None
    inner = Fields(
        value, fields.at("watermark"), fields.problems, what="key, position, scale, opacity"
    )
    if "key" not in inner:
        inner.problems.add(inner.at("key"), "the watermark's key in the sources bucket", None)
    watermark = Watermark(
        key=inner.text("key", "", expected="a key in the sources bucket", accept=bool),
        position=inner.word("position", Position.BOTTOM_RIGHT),
        scale=inner.number("scale", 0.2, low=0.01, high=1),
        opacity=inner.number("opacity", 0.7, low=0, high=1),
    )
    inner.refuse_others()
    return watermark


def _purges_replaced(fields: Fields) -> bool:
    value = fields.text(
        "purge", "", expected=PURGE_REPLACED, accept=lambda text: text == PURGE_REPLACED
    )
    return bool(value)


def _metadata(fields: Fields) -> tuple[str, ...]:
    kept = []
    known = ", ".join(sorted(KEEPABLE_METADATA))
    for path, item in fields.list_of("metadata", expected=f"a list with any of {known}"):
        if isinstance(item, str) and item in KEEPABLE_METADATA:
            kept.append(item)
        else:
            fields.problems.add(path, f"one of {known}", item)
    return tuple(sorted(set(kept)))
