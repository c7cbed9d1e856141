"""The sizes of DynamoDB's items, from which it computes the units of a request.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from tests.simulator.expressions import Attribute, Item


def item_bytes(item: Item) -> int:
    """Return the bytes of an item: of the names of its attributes, and of their values."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(attribute: Attribute) -> int:
    ((kind, value),) = attribute.items()
    if kind in ("S", "N"):
        return len(value.encode())
    if kind == "L":
        return 3 + sum(1 + _size(each) for each in value)
    if kind in ("SS", "NS"):
        return sum(len(each.encode()) for each in value)
    return 1
