"""Recipe documents for tests: the shipped one, and small ones to change."""

from pathlib import Path

import pytest
import yaml

from shared.model.errors import Misconfigured
from shared.model.recipe_reader import read_recipes

ROOT = Path(__file__).parents[2]


def shipped() -> object:
    """Return the document that `recipes.yaml` holds."""
    document: object = yaml.safe_load((ROOT / "recipes.yaml").read_text(encoding="utf-8"))
    return document


def variant(**fields: object) -> dict[str, object]:
    """Return a valid variant entry with these fields; the value `...` removes a field."""
    return _with({"name": "small", "width": 100, "formats": ["webp"]}, fields)


def recipe(**fields: object) -> dict[str, object]:
    """Return a valid recipe entry with these fields; the value `...` removes a field."""
    return _with({"name": "plain", "variants": [variant()]}, fields)


def recipe_document(*recipes: object, **fields: object) -> dict[str, object]:
    """Return a valid document with these fields; the value `...` removes a field."""
    return _with({"version": 1, "recipes": list(recipes or [recipe()])}, fields)


def problems(document: object) -> list[str]:
    """Return the problems of an invalid document."""
    with pytest.raises(Misconfigured) as caught:
        read_recipes(document)
    return list(caught.value.problems)


def _with(base: dict[str, object], fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}
