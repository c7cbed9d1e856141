"""TypeScript types for a JSON Schema of objects, arrays, words and `null`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

TYPES = {
    "null": "null",
    "boolean": "boolean",
    "string": "string",
    "integer": "number",
    "number": "number",
}
HEADER = "// Made by `python -m scripts.manifest` from the types of shared/model: do not edit.\n"


def declarations(schema: Schema) -> str:
    """Return a module that exports each definition of a schema; `ValueError` for unknown forms."""
    exported = (_exported(name, each) for name, each in schema["$defs"].items())
    return "\n".join((HEADER, *exported))


def _exported(name: str, definition: Schema) -> str:
    comment = _comment(definition, indent="")
    if "properties" not in definition:
        return f"{comment}export type {name} = {_type(definition)};\n"
    fields = "".join(_fields(definition))
    return f"{comment}export interface {name} {{\n{fields}}}\n"


def _fields(definition: Schema) -> Iterator[str]:
    for name, field in definition["properties"].items():
        optional = "" if name in definition["required"] else "?"
        yield f"{_comment(field, indent='  ')}  {name}{optional}: {_type(field)};\n"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"enum": [*words]}:
            return " | ".join(map(json.dumps, words))
        case {"anyOf": [*options]}:
            return " | ".join(map(_type, options))
        case {"type": "array", "items": items}:
            return f"ReadonlyArray<{_type(items)}>"
        case {"type": str(kind)} if kind in TYPES:
            return TYPES[kind]
    raise ValueError(f"Expected a form that has a type in TypeScript, got {schema!r}.")


def _comment(schema: Schema, *, indent: str) -> str:
    if "description" not in schema:
        return ""
    # Lines of a docstring; `*/` would end the comment.
    lines = schema["description"].replace("*/", "* /").splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"
