"""docs/openapi.json is made from the routes and their types, and describes all of them."""

import json
import re
from typing import Any

import pytest

from tests.support.recipes import ROOT
from worker.api.openapi import document, text
from worker.api.problems import Problem
from worker.api.routes import ROUTES

pytestmark = pytest.mark.unit

DOCUMENT = document(ROUTES)
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def schemas(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - parsed JSON
    """Return every schema with properties in a part of the document."""
    if isinstance(value, list):
        return [found for each in value for found in schemas(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if "properties" in value else []
    return own + [found for each in value.values() for found in schemas(each)]


def test_the_document_in_the_documentation_is_that_of_the_routes() -> None:
    file = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")

    assert file == text(ROUTES), "Run `python -m worker.api > docs/openapi.json`."


def test_every_route_is_an_operation_with_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(names) == len(set(names)) == len(ROUTES)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    named = set(re.findall(r"{(\w+)}", path))
    parameters = operation.get("parameters", [])

    assert {each["name"] for each in parameters if each["in"] == "path"} == named
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    assert operation["description"].startswith(operation["summary"])
    assert all(each["description"] for each in operation["responses"].values())
    assert (method == "get") <= ("requestBody" not in operation)


def test_references_point_to_what_is_there() -> None:
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))

    assert references == set(DOCUMENT["components"]["schemas"])


def test_bodies_of_requests_allow_no_unknown_fields() -> None:
    for name in ("NewUpload", "NewDeletions", "NewPurge"):
        assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False


def test_every_schema_and_problem_is_used_and_described() -> None:
    described = json.dumps(DOCUMENT)

    for kind in Problem.__subclasses__():
        if kind.name != "method-not-allowed":
            assert f"urn:problem-type:pixfleet:{kind.name}" in described
    for schema in DOCUMENT["components"]["schemas"].values():
        assert schema.get("description") or "enum" in schema


def test_only_what_anyone_may_see_needs_no_token() -> None:
    public = {path for path, _, operation in OPERATIONS if operation.get("security") == []}

    assert public == {"/v1/health", "/v1/openapi.json"}
