"""The JSON Schema of the manifest, from the types of `shared.model.manifest_document`."""

import inspect
import json
from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints

import msgspec

from shared.model import manifest_document
from shared.model.manifest_document import ManifestDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SUFFIX = "Document"

Schema = dict[str, Any]  # any JSON


def manifest_schema() -> Schema:
    """Return the schema; its definitions are named as the types, without `Document`."""
    made = msgspec.json.schema(ManifestDocument)
    definitions = {name: _described(name, each) for name, each in made["$defs"].items()}
    text = json.dumps({"$schema": DIALECT, "$ref": made["$ref"], "$defs": definitions})
    renamed: Schema = json.loads(text.replace(f'{SUFFIX}"', '"'))
    return renamed


def schema_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as the text of a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _described(name: str, definition: Schema) -> Schema:
    """Return a definition with its properties in the type's order, each with its description."""
    definition = {**definition, "description": inspect.cleandoc(definition["description"])}
    if "properties" not in definition:
        return definition
    hints = get_type_hints(getattr(manifest_document, name), include_extras=True)
    properties = {
        field: {**_description(hint), **definition["properties"][field]}
        for field, hint in hints.items()
    }
    required = [field for field in hints if field in definition["required"]]
    return {**definition, "properties": properties, "required": required}


def _description(hint: object) -> Mapping[str, str]:
    """Return the text of an `Annotated` type, which may be in a `NotRequired`."""
    inner = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
    if get_origin(inner) is not Annotated:
        return {}
    _, text = get_args(inner)
    return {"description": text}
