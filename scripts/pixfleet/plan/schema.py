"""The JSON Schema of `recipes.yaml`, made of the same tables as the reader's own checks."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from shared.model.recipe import Animation, Fit, Gravity, Position, Slot
from shared.model.recipe_reader import (
    COLOUR,
    KEEPABLE_METADATA,
    MAX_FRAMES,
    MAX_PIXELS,
    SCHEMA_VERSION,
)
from shared.model.variant_reader import BOUNDS, MAX_DIMENSION, NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = Mapping[str, object]
# The reader takes a field that is null for one that is missing.
NULL: Schema = {"type": "null"}
OUTLINE_OF_A_RUNG = r"^w[0-9]+$"


def recipes_schema() -> Schema:
    """Return the Draft 2020-12 schema of a recipes document.

    All that the reader accepts is valid. What it refuses is not, except for what a schema cannot
    say: names that stand there twice, too many variants or bytes of names, and `1.0` for `1`.
    """
    return {
        "$schema": DIALECT,
        "title": "Pixfleet recipes",
        **_mapping(
            {
                "version": {"type": "integer", "const": SCHEMA_VERSION},
                "recipes": _list(_recipe(), "Tried in this order: the first match is used."),
            },
            required=("version", "recipes"),
        ),
    }


def _recipe() -> Schema:
    return _mapping(
        {
            "name": _name("A source can ask for it by its metadata `recipe`."),
            "match": _or_null(
                _mapping(
                    {
                        "prefix": _or_null({"type": "string"}, "The beginning of the keys."),
                        "suffixes": _or_null(
                            {"type": "array", "items": {"type": "string", "minLength": 1}},
                            "Endings such as .jpg, in any letter case.",
                        ),
                    }
                ),
                "The keys it is for; without it, all of them.",
            ),
            "variants": _list(_variant(), "Ladders of widths, and single variants by name."),
            "quality": _figures("quality"),
            "effort": _figures("effort"),
            "background": _or_null(_text(COLOUR.pattern), "What transparency is laid upon."),
            "animation": _or_null(_animation(), "What becomes of a moving source."),
            "placeholder": _or_null({"type": "boolean"}, "A tiny picture in the manifest."),
            "watermark": _or_null(_watermark(), "A picture laid over every variant."),
            "metadata": _or_null(
                {"type": "array", "items": {"enum": sorted(KEEPABLE_METADATA)}},
                "What to keep of the source's.",
            ),
        },
        required=("name", "variants"),
    )


def _variant() -> Schema:
    ladder = {"required": ["widths"], "properties": {"widths": {"not": NULL}}}
    return {"type": "object", "if": ladder, "then": _ladder(), "else": _single()}


def _encoded() -> dict[str, Schema]:
    """Return what ladders and single variants have in common."""
    return {
        "formats": _list({"enum": list(Slot)}, "The slots: what browsers can take."),
        "quality": _figures("quality"),
        "effort": _figures("effort"),
    }


def _ladder() -> Schema:
    widths = {
        **_list(_whole(1, MAX_DIMENSION), "One rung each, named w640 and so on."),
        "uniqueItems": True,
    }
    return _mapping({"widths": widths, **_encoded()}, required=("widths", "formats"))


def _single() -> Schema:
    name = {**_name("As in the URL."), "not": {"pattern": OUTLINE_OF_A_RUNG}}
    side = _or_null(_whole(1, MAX_DIMENSION), "In pixels; nothing is ever enlarged.")
    boxed = {"required": ["width", "height"], "properties": _all_set("width", "height")}
    cuts = {"required": ["fit"], "properties": {"fit": {"const": Fit.COVER}}}
    needs_box = [fit for fit in Fit if fit is not Fit.INSIDE]
    cropping = [gravity for gravity in Gravity if gravity is not Gravity.CENTRE]
    return {
        **_mapping(
            {
                "name": name,
                "width": side,
                "height": side,
                "fit": _word(Fit, "How the picture meets its box."),
                "gravity": _word(Gravity, "What `cover` keeps."),
                "widths": NULL,
                **_encoded(),
            },
            required=("name", "formats"),
        ),
        "allOf": [
            {"if": _one_of("fit", needs_box), "then": boxed},
            {"if": _one_of("gravity", cropping), "then": cuts},
        ],
    }


def _animation() -> Schema:
    caps = {"max_frames": MAX_FRAMES, "max_pixels": MAX_PIXELS}
    stands_still = [mode for mode in Animation if mode is not Animation.KEEP]
    by_parts = {
        **_mapping(
            {
                "mode": _word(Animation, "Whether it goes on moving."),
                **{
                    name: _or_null(_whole(1, most), "Over it, the picture stands still.")
                    for name, most in caps.items()
                },
            }
        ),
        "if": _one_of("mode", stands_still),
        "then": {"properties": dict.fromkeys(caps, NULL)},
    }
    return {"anyOf": [{"enum": list(Animation)}, by_parts]}


def _watermark() -> Schema:
    return _mapping(
        {
            "key": {"type": "string", "minLength": 1, "description": "In the sources bucket."},
            "position": _word(Position, "Where it stands."),
            "scale": _or_null(_number(0.01, 1), "Its width as a fraction of the variant's."),
            "opacity": _or_null(_number(0, 1), "1 hides what is below."),
        },
        required=("key",),
    )


def _figures(name: str) -> Schema:
    bounds = {
        str(codec): _or_null(_whole(low, high)) for codec, (low, high) in BOUNDS[name].items()
    }
    told = {"quality": "By encoder, 1 to 100.", "effort": "CPU spent on smaller files."}
    return _or_null(_mapping(bounds), told[name])


def _mapping(properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": list(required),
    }


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "description": description}


def _name(description: str) -> Schema:
    return {**_text(NAME.pattern), "description": description}


def _text(pattern: str) -> Schema:
    # Some dialects let `$` stand before a last line break.
    return {"type": "string", "pattern": rf"^{pattern}$(?!\n)"}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _number(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


def _word(vocabulary: type[StrEnum], description: str) -> Schema:
    return _or_null({"enum": list(vocabulary)}, description)


def _or_null(schema: Schema, description: str = "") -> Schema:
    told = {"description": description} if description else {}
    return {**told, "anyOf": [schema, NULL]}


def _one_of(name: str, values: Sequence[StrEnum]) -> Schema:
    return {"required": [name], "properties": {name: {"enum": values}}}


def _all_set(*names: str) -> Schema:
    return {name: {"not": NULL} for name in names}
