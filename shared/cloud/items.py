"""Converts DynamoDB's typed values; boto3's own converter uses `Decimal` for numbers."""

from collections.abc import Mapping
from typing import Any

# A bool is an int, too.
Value = str | int | float | list[str] | frozenset[str] | Mapping[str, frozenset[str]]


def to_item(fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return fields as DynamoDB's attribute values."""
    return {name: _to_attribute(value) for name, value in fields.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Value]:
    """Return an item's fields; types that we never write are left out."""
    fields = {}
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        if kind in _READERS:
            fields[name] = _READERS[kind](value)
    return fields


def _to_attribute(value: Value) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    if isinstance(value, Mapping):
        return {"M": to_item(value)}
    return {"L": [{"S": each} for each in value]}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


_READERS: Mapping[str, Any] = {
    "S": str,
    "N": _number,
    "BOOL": bool,
    "SS": frozenset,
    "M": lambda fields: {
        name: frozenset(each["SS"]) for name, each in fields.items() if "SS" in each
    },
    "L": lambda values: [each["S"] for each in values if "S" in each],
}
