"""Validates documents against a JSON Schema, with the part of Draft 2020-12 that ours needs.

An unknown keyword is an error, so that no document is valid because a rule was ignored.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: TYPES["number"](value) and value == int(value),
}
ANNOTATIONS = {"$schema", "title", "description"}


def is_valid(schema: Schema, value: object) -> bool:
    """Return whether a value is valid against the schema."""
    unknown = schema.keys() - RULES.keys() - ANNOTATIONS - {"then", "else"}
    assert not unknown, unknown
    return all(RULES[name](schema, value) for name in schema if name in RULES)


def inlined(schema: Schema) -> Schema:
    """Return a schema with each `$ref` to its `$defs` replaced by the definition."""

    def inline(part: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(part, list):
            return list(map(inline, part))
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            return inline({**schema["$defs"][name], **_without(part, "$ref")})
        return {name: inline(each) for name, each in part.items()}

    found: Schema = inline(_without(schema, "$defs"))
    return found


def _without(schema: Schema, name: str) -> Schema:
    return {each: value for each, value in schema.items() if each != name}


def _same(left: object, right: object) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _properties(schema: Schema, value: object) -> bool:
    inner = schema["properties"]
    return not isinstance(value, dict) or all(
        is_valid(inner[name], each) for name, each in value.items() if name in inner
    )


def _condition(schema: Schema, value: object) -> bool:
    branch = "then" if is_valid(schema["if"], value) else "else"
    return branch not in schema or is_valid(schema[branch], value)


def _for(kind: str, rule: Callable[[Any, Any], bool], name: str) -> Callable[[Schema, Any], bool]:
    """Return a rule for one type; a value of another type is valid."""
    return lambda schema, value: not TYPES[kind](value) or rule(schema[name], value)


def _is_unique(wanted: bool, items: list[Any]) -> bool:  # noqa: FBT001 - the keyword's value
    pairs = ((one, two) for at, one in enumerate(items) for two in items[:at])
    return not wanted or not any(_same(one, two) for one, two in pairs)


RULES: Mapping[str, Callable[[Schema, Any], bool]] = {
    "type": lambda schema, value: TYPES[schema["type"]](value),
    "const": lambda schema, value: _same(schema["const"], value),
    "enum": lambda schema, value: any(_same(each, value) for each in schema["enum"]),
    "anyOf": lambda schema, value: any(is_valid(each, value) for each in schema["anyOf"]),
    "allOf": lambda schema, value: all(is_valid(each, value) for each in schema["allOf"]),
    "not": lambda schema, value: not is_valid(schema["not"], value),
    "if": _condition,
    "properties": _properties,
    "additionalProperties": lambda schema, value: (
        not isinstance(value, dict) or not value.keys() - schema["properties"].keys()
    ),
    "required": _for("object", lambda names, value: set(names) <= value.keys(), "required"),
    "items": _for("array", lambda one, value: all(is_valid(one, each) for each in value), "items"),
    "contains": _for(
        "array", lambda one, value: any(is_valid(one, each) for each in value), "contains"
    ),
    "minItems": _for("array", lambda least, value: len(value) >= least, "minItems"),
    "uniqueItems": _for("array", _is_unique, "uniqueItems"),
    "minLength": _for("string", lambda least, value: len(value) >= least, "minLength"),
    "pattern": _for("string", lambda one, value: bool(re.search(one, value)), "pattern"),
    "minimum": _for("number", lambda least, value: value >= least, "minimum"),
    "maximum": _for("number", lambda most, value: value <= most, "maximum"),
}
