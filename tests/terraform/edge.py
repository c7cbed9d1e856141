"""The edge functions in Node, one process for many requests, and their code."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from shared.model.recipe import RecipeSet, Variant
from tests.terraform.edge_model import RUNG, EdgeRequest, NotServed, stored_path

MODULE = Path(__file__).parents[2] / "terraform" / "modules" / "delivery"
HARNESS = Path(__file__).with_name("edge_harness.js")
# CloudFront's events and responses are JSON without a schema of ours.
Event = Mapping[str, Any]
Answer = str | tuple[int, str]


def bare(name: str) -> str:
    """Return a function's file as Terraform strips it."""
    return re.sub(r"(?m)^ *(//.*\n)?", "", (MODULE / name).read_text(encoding="utf-8"))


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


def request_code(recipe_set: RecipeSet) -> str:
    """Return the viewer request function for these recipes."""
    return bare("edge_request.js").replace('"RECIPES"', json.dumps(edge_recipes(recipe_set)))


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
            "headers": {"accept": {"value": request.accept}} if request.accept else {},
            "cookies": {},
        },
    }


def _field(values: Sequence[str]) -> Event:
    if len(values) == 1:
        return {"value": values[0]}
    return {"value": values[0], "multiValue": [{"value": value} for value in values]}


class EdgeNode:
    """One Node process that runs edge functions; leaving the `with` closes it."""

    def __enter__(self) -> Self:
        self._node = subprocess.Popen(
            ["node", str(HARNESS)],  # noqa: S607 - found on PATH, as CI's is
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._node.communicate()

    def answers(self, functions: Sequence[str], events: Sequence[tuple[int, Event]]) -> list[Any]:
        """Return the functions' answers; an event names its function by index."""
        answered: list[Any] = self._work({"functions": functions, "events": events})
        return answered

    def answer(self, function: str, event: Event) -> Any:  # noqa: ANN401 - what a function answers
        """Return a function's answer to an event."""
        return self.answers([function], [(0, event)])[0]

    def seconds(self, functions: Sequence[str], event: Event, rounds: int) -> list[float]:
        """Return each function's shortest time in seconds for this many rounds of an event."""
        took: list[float] = self._work(
            {"functions": functions, "events": [event], "rounds": rounds}
        )
        return took

    def _work(self, work: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON of either kind
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(work) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())


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
