"""docs/manifest.schema.json and manifest.d.ts are those of the code and fit what it writes."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from scripts.manifest.__main__ import DOCS
from scripts.manifest.schema import manifest_schema, schema_text
from scripts.manifest.typescript import declarations
from shared.model.manifest import Placeholder, write_manifest
from shared.model.manifest_document import ManifestDocument
from shared.model.reductions import SlotLimit, Still
from tests.support.json_schema import inlined, is_valid
from tests.unit.test_manifest import FACTS, LAZY, PICTURES, RECIPE, SOURCE

pytestmark = pytest.mark.unit

SCHEMA = inlined(manifest_schema())
RENEW = "Run `python -m scripts.manifest`."
LIMITED = [replace(PICTURES[2], limit=limit) for limit in SlotLimit]
PLACEHOLDER = Placeholder("data:image/webp;base64,UklGRg==", "#a0b0c0")


def written(**changes: Any) -> Any:  # noqa: ANN401 - arguments of any type, and JSON
    arguments = {"variants": PICTURES, "placeholder": PLACEHOLDER, "still": None, **changes}
    return json.loads(write_manifest(SOURCE, RECIPE, FACTS, **arguments))


def test_the_schema_in_the_documentation_is_that_of_the_types() -> None:
    file = (DOCS / "manifest.schema.json").read_text(encoding="utf-8")

    assert file == schema_text(manifest_schema()), RENEW


def test_the_declarations_in_the_documentation_are_those_of_the_schema() -> None:
    file = (DOCS / "manifest.d.ts").read_text(encoding="utf-8")

    assert file == declarations(manifest_schema()), RENEW


@pytest.mark.parametrize(
    "document",
    [
        written(),
        written(variants=()),
        written(placeholder=None),
        written(variants=PICTURES[:1], lazy=LAZY),
        *(written(still=still) for still in Still),
        *(written(variants=[each]) for each in LIMITED),
    ],
)
def test_what_is_written_is_valid_and_has_no_other_field(document: Any) -> None:  # noqa: ANN401
    read = msgspec.convert(document, ManifestDocument)

    assert is_valid(SCHEMA, document)
    assert msgspec.to_builtins(read) == document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2),
        (("version",), None),
        (("still",), "patience"),
        (("source", "width"), "1200"),
        (("source", "has_alpha"), None),
        (("variants", 0, "slot"), "jxl"),
        (("variants", 0, "limit"), None),
        (("variants", 0, "bytes"), "9"),
        (("variants", 0, "width"), None),
        (("placeholder", "colour"), 7),
    ],
)
def test_another_form_is_not_valid(path: tuple[str | int, ...], value: object) -> None:
    document = written()
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value

    assert not is_valid(SCHEMA, document)


def test_a_missing_field_is_not_valid_and_a_new_one_is() -> None:
    document = written()

    assert is_valid(SCHEMA, {**document, "later": 1})
    for name in document:
        assert not is_valid(SCHEMA, {key: each for key, each in document.items() if key != name})


def test_a_form_without_a_type_in_typescript_is_an_error() -> None:
    schema = {"$defs": {"A": {"properties": {"b": {"type": "tuple"}}, "required": []}}}

    with pytest.raises(ValueError, match="tuple"):
        declarations(schema)
