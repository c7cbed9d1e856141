"""Reads and validates the variants of a recipe: ladders of widths, and single variants by name."""

import re
from collections.abc import Mapping
from dataclasses import replace

from shared.model.problems import Fields, Problems, is_whole
from shared.model.quality_and_effort import BOUNDS
from shared.model.recipe import Fit, Gravity, Slot, Variant

MAX_DIMENSION = 8192  # wider than any screen; limits the cost of a typing error
MAX_VARIANTS = 64  # limits the cost of one source
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
LAZY = "true, false, or a list of at least one of the variant's formats"
VARIANT_ENTRY = "a variant: widths, or name with width and height"


def read_name(fields: Fields) -> str:
    """Return the name that a recipe or a variant must have."""
    expected = "a lower-case letter, then at most 31 lower-case letters, digits and dashes"
    if "name" not in fields:
        fields.problems.add(fields.at("name"), expected, fields.raw("name"))
    return fields.text(
        "name", "", expected=expected, accept=lambda text: bool(NAME.fullmatch(text))
    )


def read_variants(
    fields: Fields, quality: Mapping[str, int], effort: Mapping[str, int]
) -> tuple[Variant, ...]:
    """Return a recipe's variants; entries for the same rung are merged into one variant."""
    entries = fields.some_of("variants", expected="a list of at least one variant")
    merged: dict[str, Variant] = {}
    for path, item in entries:
        entry = Fields(item, path, fields.problems, what=VARIANT_ENTRY)
        for variant in _variant_entry(entry, quality, effort):
            known = merged.setdefault(variant.name, variant)
            if variant.name:
                _refuse_differences(known, variant, entry)
            merged[variant.name] = replace(
                known,
                slots=_in_order({*known.slots, *variant.slots}),
                lazy=_in_order({*known.lazy, *variant.lazy}),
            )
    if len(merged) > MAX_VARIANTS:
        fields.problems.add_sentence(
            fields.at("variants"), f"expected at most {MAX_VARIANTS} variants, got {len(merged)}"
        )
    return tuple(merged.values())


def _refuse_differences(known: Variant, variant: Variant, fields: Fields) -> None:
    """Refuse a second entry of a variant that says something else of it, or of a slot of both."""
    if replace(known, slots=variant.slots, lazy=variant.lazy) != variant:
        fields.problems.add_sentence(
            fields.path, f"{variant.name} is defined above with other settings"
        )
    for slot in variant.slots:
        if slot in known.slots and (slot in known.lazy) != (slot in variant.lazy):
            fields.problems.add_sentence(
                fields.path, f"{variant.name}.{slot} is lazy in one entry only"
            )


def _variant_entry(
    fields: Fields, quality: Mapping[str, int], effort: Mapping[str, int]
) -> list[Variant]:
    """Return the rungs of a ladder entry, or the one variant of a named entry."""
    slots = _slots(fields)
    lazy = _lazy(fields, slots)
    quality = read_encoder_figures(fields, "quality", quality)
    effort = read_encoder_figures(fields, "effort", effort)
    if "widths" in fields:
        widths = _widths(fields)
        fields.refuse_others()
        return [
            Variant(f"w{width}", slots, width=width, quality=quality, effort=effort, lazy=lazy)
            for width in widths
        ]
    variant = Variant(
        name=read_name(fields),
        slots=slots,
        width=fields.whole("width", None, low=1, high=MAX_DIMENSION),
        height=fields.whole("height", None, low=1, high=MAX_DIMENSION),
        fit=fields.word("fit", Fit.INSIDE),
        gravity=fields.word("gravity", Gravity.CENTRE),
        quality=quality,
        effort=effort,
        lazy=lazy,
    )
    fields.raw("widths")
    fields.refuse_others()
    _check_box(variant, fields)
    return [variant]


def _check_box(variant: Variant, fields: Fields) -> None:
    if variant.fit is not Fit.INSIDE and not (variant.width and variant.height):
        fields.problems.add_sentence(fields.path, f"fit {variant.fit} needs both width and height")
    if variant.gravity is not Gravity.CENTRE and variant.fit is not Fit.COVER:
        fields.problems.add_sentence(
            fields.at("gravity"), "gravity needs fit cover: no other fit crops"
        )
    if re.fullmatch(r"w\d+", variant.name):
        fields.problems.add_sentence(
            fields.at("name"), "w and a number is reserved for rungs of a ladder"
        )


def _slots(fields: Fields) -> tuple[Slot, ...]:
    chosen = set()
    expected = f"a list of at least one of {', '.join(Slot)}"
    for path, item in fields.some_of("formats", expected=expected):
        if isinstance(item, str) and item in set(Slot):
            chosen.add(Slot(item))
        else:
            fields.problems.add_word(path, Slot, item)
    return _in_order(chosen)


def _lazy(fields: Fields, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Return the slots that are lazy: all, none, or those of a list of formats."""
    value = fields.raw("lazy")
    if value is None or isinstance(value, bool):
        return slots if value else ()
    if not value or not isinstance(value, list | tuple):
        fields.problems.add(fields.at("lazy"), LAZY, value)
        return ()
    chosen = set()
    for index, item in enumerate(value):
        if isinstance(item, str) and item in set(slots):
            chosen.add(Slot(item))
        elif slots:  # otherwise `formats` has its own problem
            fields.problems.add(
                f"{fields.at('lazy')}[{index}]", f"one of {', '.join(slots)}", item
            )
    return _in_order(chosen)


def _in_order(slots: set[Slot]) -> tuple[Slot, ...]:
    return tuple(slot for slot in Slot if slot in slots)


def _widths(fields: Fields) -> list[int]:
    widths = []
    for path, item in fields.some_of("widths", expected="a list of at least one width in pixels"):
        if is_whole(item, low=1, high=MAX_DIMENSION):
            widths.append(int(str(item)))
        else:
            fields.problems.add(path, f"a whole number from 1 to {MAX_DIMENSION}", item)
    refuse_repeats([str(width) for width in widths], fields.at("widths"), fields.problems)
    return widths


def read_encoder_figures(fields: Fields, name: str, base: Mapping[str, int]) -> Mapping[str, int]:
    """Return `base` with the quality or effort that this entry sets, by codec."""
    if name not in fields:
        fields.raw(name)
        return base
    inner = Fields(
        fields.raw(name), fields.at(name), fields.problems, what="a mapping of encoder to number"
    )
    figures = dict(base)
    for codec, (low, high) in BOUNDS[name].items():
        number = inner.whole(codec, base.get(codec), low=low, high=high)
        if number is not None:
            figures[codec] = number
    inner.refuse_others()
    return figures


def refuse_repeats(names: list[str], path: str, problems: Problems) -> None:
    """Add a problem for every name that occurs more than once."""
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        problems.add_sentence(path, f"{name} occurs more than once")
