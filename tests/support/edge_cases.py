"""The table of requests that the edge function and the model answer alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes
from tests.support.recipes import shipped
from tests.terraform.edge_model import EdgeRequest


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """One row: a request, and the stored path or the status and text of a refusal."""

    name: str
    recipe_set: str
    request: EdgeRequest
    expected: str | tuple[int, str]


def _case(row: Mapping[str, Any]) -> EdgeCase:
    request = EdgeRequest(
        row["path"], row.get("query", {}), row.get("accept", ""), row.get("hints", {})
    )
    expected = row["stored"] if "stored" in row else tuple(row["refused"])
    return EdgeCase(row["name"], row.get("recipe_set", "shipped"), request, expected)


_TABLE = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
DOCUMENTS: Mapping[str, object] = {"shipped": shipped(), **_TABLE["recipe_sets"]}
RECIPE_SETS: Mapping[str, RecipeSet] = {
    name: read_recipes(document) for name, document in DOCUMENTS.items()
}
CASES = tuple(_case(row) for row in _TABLE["cases"])
