"""The code of the edge functions, CloudFront's events, and what their answers mean."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.model.recipe import RecipeSet, Variant
from tests.terraform.edge_model import RUNG, EdgeRequest, NotServed, stored_path

MODULE = Path(__file__).parents[2] / "terraform" / "modules" / "delivery"
OPERATOR = r" (=>|[!=]==|[<>]=|&&|\|\||[-+*?:<>]) "
# CloudFront's events and responses are JSON without a schema of ours.
Event = Mapping[str, Any]
Answer = str | tuple[int, str]


def bare(name: str) -> str:
    """Return a function's file as Terraform strips it."""
    code = re.sub(r"(?m)^ *(//.*\n)?", "", (MODULE / name).read_text(encoding="utf-8"))
    return re.sub(OPERATOR, r"\1", code).replace(" {\n", "{")


def edge_recipes(recipe_set: RecipeSet) -> list[list[object]]:
    """Return the parts of the recipes that the edge needs, as `edge_code.tf` writes them."""
    return [
        [
            recipe.match.prefix,
            list(recipe.match.suffixes),
            [_edge_variant(variant) for variant in sorted(recipe.variants, key=_place)],
        ]
        for recipe in recipe_set.recipes
    ]


def _place(variant: Variant) -> tuple[bool, int]:
    is_rung = RUNG.fullmatch(variant.name) is not None
    return not is_rung, (variant.width or 0) if is_rung else 0


def _edge_variant(variant: Variant) -> list[object]:
    width = variant.width if RUNG.fullmatch(variant.name) else 0
    return [variant.name, width, "".join(slot[0] for slot in variant.slots)]


def request_code(recipe_set: RecipeSet, origins: Sequence[str] = ("*",)) -> str:
    """Return the viewer request function for these recipes and for scripts of these origins."""
    code = bare("edge_request.js").replace('"RECIPES"', json.dumps(edge_recipes(recipe_set)))
    return code.replace("/ORIGINS/", f"/^({'|'.join(map(_origin_pattern, origins))})$/")


def _origin_pattern(origin: str) -> str:
    """Return the pattern of one of cors_origins, as `edge_code.tf` writes it."""
    escaped = origin.replace(".", r"\.").replace("/", r"\/").replace("*", "[a-z0-9.-]+")
    return ".+" if origin == "*" else escaped


def request_event(request: EdgeRequest) -> Event:
    """Return CloudFront's event for a request."""
    return {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "198.51.100.11"},
        "request": {
            "method": "GET",
            "uri": request.path,
            "querystring": {name: _field(values) for name, values in request.query.items()},
            "headers": {name: {"value": value} for name, value in _headers(request).items()},
            "cookies": {},
        },
    }


def _headers(request: EdgeRequest) -> Mapping[str, str]:
    return {**({"accept": request.accept} if request.accept else {}), **request.hints}


def _field(values: Sequence[str]) -> Event:
    if len(values) == 1:
        return {"value": values[0]}
    return {"value": values[0], "multiValue": [{"value": value} for value in values]}


def outcome_of(answer: Any) -> Answer:  # noqa: ANN401 - what a function answered
    """Return the path that a function chose, or the status and text with which it refused."""
    if "statusCode" in answer:
        return answer["statusCode"], answer["body"].rstrip("\n")
    return str(answer["uri"])


def in_python(recipe_set: RecipeSet, request: EdgeRequest) -> Answer:
    """Return the model's answer to the same request."""
    try:
        return stored_path(recipe_set, request)
    except NotServed as refused:
        return refused.status, str(refused)
