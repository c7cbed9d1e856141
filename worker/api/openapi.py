"""Makes the OpenAPI 3.1 document from the route table and the types; nothing is written twice.

https://spec.openapis.org/oas/v3.1.1.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from shared.model.versions import WORKER_VERSION
from worker.api.forms import FORM, FormFile
from worker.api.problems import MEDIA_TYPE, TYPE_PREFIX, Problem, ProblemDocument
from worker.api.requests import JSON
from worker.api.routing import Route

REF = "#/components/schemas/{name}"
TOKEN = "token"  # noqa: S105 - the name of a security scheme

Json = dict[str, Any]  # a part of the document


def document(routes: Sequence[Route]) -> Json:
    """Return the document of these routes."""
    types = list(dict.fromkeys(_types(routes)))
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=_file_schema, ref_template=REF
    )
    for route in routes:
        components |= _components_of_query(route)
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pixfleet",
            "version": WORKER_VERSION,
            "description": "Uploads of images without AWS credentials, and what became of them.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The stack's API."}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(each) for each in routes)],
        "security": [{TOKEN: []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def text(routes: Sequence[Route]) -> str:
    """Return the document as the repository holds it."""
    return json.dumps(document(routes), indent=2, ensure_ascii=False) + "\n"


def _types(routes: Iterable[Route]) -> Iterable[Any]:
    yield ProblemDocument
    for route in routes:
        yield from (each for each in (route.body, route.form) if each)
        yield from (each for each in route.answers.values() if each)


def _file_schema(kind: type) -> Json:
    if kind is FormFile:
        return {"type": "string", "format": "binary", "minLength": 1}
    raise NotImplementedError(kind)


def _tag(route: Route) -> str:
    return route.endpoint.__module__.split(".")[2]


def _operation(route: Route, schema_of: Mapping[Any, Json]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": route.description,
        "tags": [_tag(route)],
        "responses": _responses(route, schema_of),
    }
    if parameters := [*_path_parameters(route), *_query_parameters(route)]:
        operation["parameters"] = parameters
    for kind, media_type in ((route.body, JSON), (route.form, FORM)):
        if kind:
            content = {media_type: {"schema": schema_of[kind]}}
            operation["requestBody"] = {"required": True, "content": content}
    if route.is_public:
        operation["security"] = []
    return operation


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(kind)}
        for name, kind in route.path_parameters.items()
    ]


def _query_parameters(route: Route) -> list[Json]:
    """Return a parameter for each field of the query's type."""
    if route.query is None:
        return []
    _, found = msgspec.json.schema_components([route.query], ref_template=REF)
    schema = found[route.query.__name__]
    required = schema.get("required", [])
    parameters = []
    for name, field in schema["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in required}
        own = dict(field)
        if description := own.pop("description", ""):
            parameter["description"] = description
        parameters.append({**parameter, "schema": own})
    return parameters


def _components_of_query(route: Route) -> Json:
    """Return the schemas that the parameters of a query refer to, such as those of enums."""
    if route.query is None:
        return {}
    _, found = msgspec.json.schema_components([route.query], ref_template=REF)
    return {name: schema for name, schema in found.items() if name != route.query.__name__}


def _responses(route: Route, schema_of: Mapping[Any, Json]) -> Json:
    responses: Json = {}
    for status, kind in sorted(route.answers.items()):
        response: Json = {"description": HTTPStatus(status).phrase}
        if kind:
            response["content"] = {JSON: {"schema": schema_of[kind]}}
        responses[str(status)] = response
    for status, kinds in _by_status(route.all_problems).items():
        responses[str(status)] = _problem_response(kinds)
    return responses


def _by_status(kinds: Iterable[type[Problem]]) -> Mapping[int, list[type[Problem]]]:
    found: dict[int, list[type[Problem]]] = {}
    for kind in sorted(dict.fromkeys(kinds), key=lambda each: (each.status, each.name)):
        found.setdefault(int(kind.status), []).append(kind)
    return found


def _problem_response(kinds: Sequence[type[Problem]]) -> Json:
    described = "; ".join(f"{kind.title} (`{TYPE_PREFIX}{kind.name}`)" for kind in kinds)
    schema = {"$ref": REF.format(name=ProblemDocument.__name__)}
    return {"description": described, "content": {MEDIA_TYPE: {"schema": schema}}}
