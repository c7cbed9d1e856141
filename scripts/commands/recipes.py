"""`pixfleet recipes`: what is made of each image."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.recipe_file import recipes_document
from shared.model.recipe import Fit, Match, RecipeBook, Variant
from shared.model.recipe_reader import read_recipes

app = typer.Typer(help="What is made of each image.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A YAML file of recipes, such as recipes.yaml.")],
) -> None:
    """List every problem of a recipes file, or what each of its recipes makes."""
    book = read_recipes(recipes_document(file), where=str(file))
    _show(book, Console(highlight=False))


def _show(book: RecipeBook, console: Console) -> None:
    for recipe in book.recipes:
        console.print(f"[bold]{recipe.name}[/]: {escape(_keys(recipe.match))}", soft_wrap=True)
        table = Table(box=None, show_header=False, padding=(0, 2))
        for variant in recipe.variants:
            table.add_row(variant.name, _box(variant), ", ".join(variant.slots))
        console.print(table)


def _keys(match: Match) -> str:
    """Return in words which keys a recipe is for."""
    if not match.prefix and not match.suffixes:
        return "every other key"
    beginning = f" beginning with {match.prefix}" if match.prefix else ""
    ending = f" ending in {', '.join(match.suffixes)}" if match.suffixes else ""
    return f"keys{beginning}{ending}"


def _box(variant: Variant) -> str:
    """Return the size that a variant fits into."""
    if variant.width is None and variant.height is None:
        return "the source's size"
    if variant.height is None:
        return f"{variant.width} wide"
    if variant.width is None:
        return f"{variant.height} high"
    gravity = f", {variant.gravity}" if variant.fit is Fit.COVER else ""
    return f"{variant.fit} {variant.width} \u00d7 {variant.height}{gravity}"
