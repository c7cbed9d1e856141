"""The JSON Schema of `recipes.yaml`, built from the constants of the recipe reader."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from shared.model.quality_and_effort import BOUNDS
from shared.model.recipe import Animation, Fit, Gravity, Position, Slot
from shared.model.recipe_reader import (
    COLOUR,
    KEEPABLE_METADATA,
    MAX_FRAMES,
    MAX_PIXELS,
    PURGE_REPLACED,
    SCHEMA_VERSION,
)
from shared.model.variant_reader import MAX_DIMENSION, NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = Mapping[str, object]
# The reader treats a field that is null like a missing one.
NULL: Schema = {"type": "null"}
RUNG_NAME = r"^w[0-9]+$"


def recipes_schema() -> Schema:
    """Return the Draft 2020-12 schema of a recipes document.

    Every document that the reader accepts is valid. A document that the reader refuses is invalid,
    except for what a schema cannot express: duplicate names, entries of one variant that differ,
    too many variants, names that are too long together, nothing but lazy files, and `1.0` instead
    of `1`.
    """
    return {
        "$schema": DIALECT,
        "title": "Pixfleet recipes",
        **_mapping(
            {
                "version": {"type": "integer", "const": SCHEMA_VERSION},
                "recipes": _list(_recipe(), "In order: the first that matches is used."),
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
                        "prefix": _or_null({"type": "string"}, "The keys' prefix."),
                        "suffixes": _or_null(
                            {"type": "array", "items": {"type": "string", "minLength": 1}},
                            "Suffixes such as .jpg, in any letter case.",
                        ),
                    }
                ),
                "The keys that it matches; without it, all keys.",
            ),
            "variants": _list(_variant(), "Ladders of widths, and single variants by name."),
            "quality": _figures("quality"),
            "effort": _figures("effort"),
            "background": _or_null(_text(COLOUR.pattern), "The colour under transparency."),
            "animation": _or_null(_animation(), "How animated sources are rendered."),
            "placeholder": _or_null({"type": "boolean"}, "A tiny picture in the manifest."),
            "watermark": _or_null(_watermark(), "A picture laid over every variant."),
            "metadata": _or_null(
                {"type": "array", "items": {"enum": sorted(KEEPABLE_METADATA)}},
                "The source's metadata to keep.",
            ),
            "purge": _or_null(
                {"const": PURGE_REPLACED},
                "CloudFront drops the old variants of a replaced source.",
            ),
        },
        required=("name", "variants"),
    )


def _variant() -> Schema:
    ladder = {"required": ["widths"], "properties": {"widths": {"not": NULL}}}
    return {
        "type": "object",
        "if": ladder,
        "then": _ladder(),
        "else": _single(),
        "allOf": [_lazy_has_format(slot) for slot in Slot],
    }


def _lazy_has_format(slot: Slot) -> Schema:
    """Return the rule that a lazy format is one of the variant's formats."""
    has_slot = {"type": "array", "contains": {"const": slot}}
    return {
        "if": {"required": ["lazy"], "properties": {"lazy": has_slot}},
        "then": {"properties": {"formats": has_slot}},
    }


def _encoded() -> dict[str, Schema]:
    """Return the fields that ladders and single variants have in common."""
    return {
        "formats": _list({"enum": list(Slot)}, "The slots, with one file each."),
        "lazy": {
            "description": "The formats whose files are made at the first request, not at upload.",
            "anyOf": [
                {"type": "boolean"},
                {"type": "array", "items": {"enum": list(Slot)}, "minItems": 1},
                NULL,
            ],
        },
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
    name = {**_name("As in the URL."), "not": {"pattern": RUNG_NAME}}
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
                "fit": _word(Fit, "How the picture fits its box."),
                "gravity": _word(Gravity, "Which part `cover` keeps."),
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
    still_modes = [mode for mode in Animation if mode is not Animation.KEEP]
    with_caps = {
        **_mapping(
            {
                "mode": _word(Animation, "Which frames are kept."),
                **{
                    name: _or_null(_whole(1, most), "Above it, the result is a still.")
                    for name, most in caps.items()
                },
            }
        ),
        "if": _one_of("mode", still_modes),
        "then": {"properties": dict.fromkeys(caps, NULL)},
    }
    return {"anyOf": [{"enum": list(Animation)}, with_caps]}


def _watermark() -> Schema:
    return _mapping(
        {
            "key": {"type": "string", "minLength": 1, "description": "In the sources bucket."},
            "position": _word(Position, "Where it is placed."),
            "scale": _or_null(_number(0.01, 1), "Its width as a fraction of the variant's."),
            "opacity": _or_null(_number(0, 1), "0 is invisible, 1 is opaque."),
        },
        required=("key",),
    )


def _figures(name: str) -> Schema:
    bounds = {
        str(codec): _or_null(_whole(low, high)) for codec, (low, high) in BOUNDS[name].items()
    }
    descriptions = {"quality": "By encoder, 1 to 100.", "effort": "CPU spent on smaller files."}
    return _or_null(_mapping(bounds), descriptions[name])


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
    # In some regular expression dialects, `$` also matches before a final line break.
    return {"type": "string", "pattern": rf"^{pattern}$(?!\n)"}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _number(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


def _word(vocabulary: type[StrEnum], description: str) -> Schema:
    return _or_null({"enum": list(vocabulary)}, description)


def _or_null(schema: Schema, description: str = "") -> Schema:
    described = {"description": description} if description else {}
    return {**described, "anyOf": [schema, NULL]}


def _one_of(name: str, values: Sequence[StrEnum]) -> Schema:
    return {"required": [name], "properties": {name: {"enum": values}}}


def _all_set(*names: str) -> Schema:
    return {name: {"not": NULL} for name in names}
