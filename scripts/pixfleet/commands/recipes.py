"""`pixfleet recipes`: check recipes, explain a key, print the JSON Schema."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.plan.explain import ExplainedSource, RecipeExplanation, explain
from scripts.pixfleet.plan.recipe_choice import (
    StoredVariant,
    box,
    formats,
    keys_of,
    shadowed,
)
from scripts.pixfleet.plan.schema import recipes_schema
from scripts.pixfleet.plan.sources import BucketSources
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.recipe_file import read_recipe_file
from scripts.pixfleet.stack.stack_recipes import NO_RENDERER, as_used_by
from scripts.pixfleet.terminal.console import Console, Part
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.tables import list_table, table
from shared.cloud.deployed_recipes import deployed_recipes
from shared.model.errors import Misconfigured
from shared.model.geometry import Size
from shared.model.recipe import Recipe
from shared.model.source import Source

app = typer.Typer(
    help="Check and explain recipes, or print their JSON Schema.", no_args_is_help=True
)


LAZY = "Made at the first request if the stack has a renderer, else at upload: {}."


@command(app, "check", has_stack=False)
def check(
    context: Context,
    file: Annotated[Path, typer.Argument(help="A YAML file of recipes, such as recipes.yaml.")],
) -> None:
    """List every problem of a recipes file; if there is none, list what each recipe makes."""
    console, recipe_set = context.console, read_recipe_file(file)
    unreachable = shadowed(recipe_set)
    by = {each.recipe: each.by for each in unreachable}
    console.result(
        {"recipes": [_document(each, by.get(each.name)) for each in recipe_set.recipes]},
        *(part for recipe in recipe_set.recipes for part in _made_by(recipe)),
    )
    for each in unreachable:
        console.note(
            f"Warning: no key reaches {each.recipe}: {each.by}, which is above it, matches all "
            "its keys. Move it up, unless sources only ask for it by their metadata `recipe`."
        )


@command(app, "explain")
def explain_key(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source, which need not exist.")],
    *,
    file: Annotated[
        Path | None, typer.Option(help="Recipes in YAML; by default, those of the stack.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Explain as if the source's metadata named this recipe.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="The source's size, such as 4032x3024.")] = None,
) -> None:
    """Show which recipe a key gets and why, and every object that would be stored for it."""
    source_size = _size(size)
    if file:
        recipe_set, source, base = read_recipe_file(file), Source(key, "", 0), ""
        used = recipe_set
    else:
        stack = context.stack
        recipe_set = deployed_recipes(stack.recipes, objects_of(stack, context.clients))
        used = as_used_by(stack, recipe_set)
        found = BucketSources(context.clients, stack).head(key)
        source = found or Source(key, "", 0)
        base = stack.distribution.url.rstrip("/") if stack.distribution else ""
    explanation = explain(used, ExplainedSource(source, recipe, source_size, base))
    context.console.result(explanation.document(), *_view(explanation))
    if used != recipe_set:
        context.console.note(NO_RENDERER)
    if explanation.refused:
        raise typer.Exit(code=FOUND_SOMETHING)


@app.command()
def schema() -> None:
    """Print the JSON Schema of recipes.yaml, for editors and other programs."""
    Console(as_json=True).result(recipes_schema())


def _made_by(recipe: Recipe) -> Sequence[Part]:
    rows = [(each.name, box(each), formats(each)) for each in recipe.variants]
    return f"{recipe.name}: {keys_of(recipe.match)}", list_table(rows)


def _document(recipe: Recipe, shadowed_by: str | None) -> dict[str, object]:
    return {
        "name": recipe.name,
        "prefix": recipe.match.prefix,
        "suffixes": recipe.match.suffixes,
        "fingerprint": recipe.fingerprint,
        "shadowed_by": shadowed_by,
        "variants": [
            {"name": each.name, "box": box(each), "slots": each.slots, "lazy": each.lazy}
            for each in recipe.variants
        ],
    }


def _view(explanation: RecipeExplanation) -> list[Part]:
    attempts = [(each.recipe, each.mismatch or "matches") for each in explanation.attempts]
    parts: list[Part] = [table("recipe", "", rows=attempts), "", explanation.sentence]
    if stored := explanation.stored:
        parts += [
            "",
            table(
                "variant",
                "box" if explanation.size is None else "pixels",
                "encoder",
                rows=[(each.label, each.shown_size, _encoder(each)) for each in stored],
            ),
            *_lazy(stored),
            "",
            "Stored in the variants bucket as",
            *(f"  {each.object_key}" for each in stored),
            f"  {explanation.manifest}",
            "",
            "Served as",
            *(f"  {each.url}" for each in stored),
        ]
    return parts


def _lazy(stored: Sequence[StoredVariant]) -> list[Part]:
    names = ", ".join(each.label for each in stored if each.is_lazy)
    return ["", LAZY.format(names)] if names else []


def _encoder(stored: StoredVariant) -> str:
    effort = "by size and content" if stored.effort is None else stored.effort
    return f"{stored.codec} {stored.quality}, effort {effort}"


def _size(text: str | None) -> Size | None:
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if width.isdecimal() and height.isdecimal() and int(width) and int(height):
        return Size(int(width), int(height))
    raise Misconfigured(
        "Nothing was explained", [f"--size: expected two numbers such as 4032x3024, got {text!r}"]
    )
