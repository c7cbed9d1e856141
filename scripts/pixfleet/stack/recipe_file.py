"""Reads recipes from a YAML file such as `recipes.yaml`."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.model.errors import Misconfigured
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes

RECIPES = Path(__file__).resolve().parents[3] / "recipes.yaml"


def recipes_document(path: Path = RECIPES) -> Mapping[str, object]:
    """Return the valid document of a YAML file; `Misconfigured` with every problem."""
    document = _parsed(path)
    read_recipes(document, where=str(path))
    return {str(name): value for name, value in document.items()}


def read_recipe_file(path: Path) -> RecipeSet:
    """Return the recipes of a YAML file; `Misconfigured` with every problem of the file."""
    return read_recipes(_parsed(path), where=str(path))


def _parsed(path: Path) -> Any:  # noqa: ANN401 - whatever the YAML holds
    try:
        # S506: the loader is a stricter subclass of PyYAML's safe one.
        return yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506
    except OSError as refused:
        raise _cannot_be_used(
            path, f"{refused.strerror}: name a file that can be read"
        ) from refused
    except UnicodeDecodeError as refused:
        raise _cannot_be_used(path, "expected UTF-8 text") from refused
    except (yaml.YAMLError, ValueError, RecursionError) as refused:
        # PyYAML raises ValueError for an impossible date and has no limit on nesting.
        raise _cannot_be_used(path, _one_line(refused)) from refused


class _StrictLoader(yaml.SafeLoader):
    """Refuses duplicate keys; PyYAML itself keeps the last one without a warning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return a mapping; raise `ConstructorError` for a duplicate key."""
        keys: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} appears twice", key_node.start_mark
                )
            keys |= {key} if isinstance(key, Hashable) else set()
        return super().construct_mapping(node, deep=deep)


def _one_line(refused: Exception) -> str:
    message = " ".join(f"not usable YAML: {refused}".split())
    return message.replace(' in "<unicode string>"', "")


def _cannot_be_used(path: Path, problem: str) -> Misconfigured:
    return Misconfigured(f"{path} cannot be used", [problem])
