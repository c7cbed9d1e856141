"""DynamoDB: tables with one key, single-item reads, conditional writes and queries of an index.

Has the arguments, responses and errors of boto3's client.
"""
# ruff: noqa: N803 - the arguments are boto3's

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.simulator.expressions import (
    Assignment,
    Attribute,
    BadExpression,
    Compiled,
    Item,
    Names,
    Values,
    condition,
    plain,
    update,
)
from tests.simulator.indexes import Index, read_indexes
from tests.simulator.item_sizes import item_bytes
from tests.simulator.refusals import refusal
from tests.simulator.table_capacity import TableCapacity, read_units, write_units

Answer = dict[str, Any]  # botocore's shape

MAX_ITEM_BYTES = 409_600
MAX_KEY_BYTES = 2_048
MAX_DIGITS = 38


@dataclass(slots=True)
class _Table:
    key: str
    indexes: Mapping[str, Index] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    # As much as the calls need if None.
    capacity: TableCapacity | None = None


class Tables:
    """All tables. Items are never changed in place, so a returned item does not change."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    def create_table(
        self,
        *,
        TableName: str,
        KeySchema: Sequence[Mapping[str, str]],
        AttributeDefinitions: Sequence[Mapping[str, str]] = (),
        GlobalSecondaryIndexes: Sequence[Mapping[str, Any]] = (),
        **_rest: object,
    ) -> Answer:
        """Create a table with one string as its key; how it is billed is ignored."""
        (key,) = (each["AttributeName"] for each in KeySchema if each["KeyType"] == "HASH")
        types = {each["AttributeName"]: each["AttributeType"] for each in AttributeDefinitions}
        self._tables[TableName] = _Table(key, read_indexes(GlobalSecondaryIndexes, key, types))
        return {"TableDescription": {"TableName": TableName, "TableStatus": "ACTIVE"}}

    def limit_units(self, table: str, capacity: TableCapacity) -> None:
        """Throttle the reads of single items, and the updates, that need more than a capacity."""
        self._tables[table].capacity = capacity

    def get_item(
        self, *, TableName: str, Key: Mapping[str, Attribute], ConsistentRead: bool = False
    ) -> Answer:
        """Return an item by a consistent read, even if the call did not request one."""
        table = self._table("GetItem", TableName)
        item = table.items.get(_key("GetItem", table, Key))
        if table.capacity and not table.capacity.read(read_units(item_bytes(item or {}))):
            raise _throttled("GetItem")
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, *, TableName: str, Item: Mapping[str, Attribute]) -> Answer:
        """Write a whole item, for a test to arrange one."""
        table = self._table("PutItem", TableName)
        key = _key("PutItem", table, {table.key: Item[table.key]})
        item = {name: _normal("PutItem", value) for name, value in Item.items()}
        table.items[key] = _checked("PutItem", item)
        return {}

    def update_item(  # noqa: PLR0913 - boto3's
        self,
        *,
        TableName: str,
        Key: Mapping[str, Attribute],
        UpdateExpression: str,
        ConditionExpression: str = "",
        ExpressionAttributeNames: Names | None = None,
        ExpressionAttributeValues: Values | None = None,
        ReturnValues: str = "NONE",
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> Answer:
        """Update or create an item if its current state meets the condition."""
        operation = "UpdateItem"
        table = self._table(operation, TableName)
        key = _key(operation, table, Key)
        names = ExpressionAttributeNames or {}
        values = {
            placeholder: _normal(operation, value)
            for placeholder, value in (ExpressionAttributeValues or {}).items()
        }
        asked, changes = _read(
            ConditionExpression, UpdateExpression, ExpressionAttributeNames, values
        )
        before = table.items.get(key)
        if not asked.condition(before or {}, names, values):
            found = {"Item": dict(before)} if before else {}
            wanted = ReturnValuesOnConditionCheckFailure == "ALL_OLD"
            raise refusal(
                operation,
                "ConditionalCheckFailedException",
                400,
                "The conditional request failed",
                **(found if wanted else {}),
            )
        after = _updated(table, before or Key, changes, names, values)
        _use_capacity(table, before or {}, after)
        table.items[key] = after
        returned = {"ALL_OLD": before, "ALL_NEW": after}.get(ReturnValues)
        return {"Attributes": dict(returned)} if returned else {}

    def update_time_to_live(self, **_rest: object) -> Answer:
        """Do nothing: a test calls `expire` when it wants items to expire."""
        return {}

    def query(self, *, TableName: str, IndexName: str, **asked: Any) -> Answer:  # noqa: ANN401 - boto3's
        """Return a page of an index, which has every change at once; AWS takes a moment."""
        table = self._table("Query", TableName)
        if IndexName not in table.indexes:
            raise _invalid("Query", f"The table does not have the specified index: {IndexName}")
        try:
            return table.indexes[IndexName].query(table.items, **asked)
        except BadExpression as bad:
            raise _invalid("Query", str(bad)) from bad

    def expire(self, table: str, now: float, attribute: str = "expires_at") -> int:
        """Delete items whose time to live has passed; return their number. AWS takes days."""
        items = self._tables[table].items
        over = [
            key
            for key, item in items.items()
            if "N" in item.get(attribute, {}) and Decimal(item[attribute]["N"]) < now
        ]
        for key in over:
            del items[key]
        return len(over)

    def indexes(self, table: str) -> tuple[Index, ...]:
        """Return the indexes of a table."""
        return tuple(self._tables[table].indexes.values())

    def items(self, table: str) -> Mapping[str, Item]:
        """Return every item by its key, for an oracle."""
        return dict(self._table("Scan", table).items)

    def _table(self, operation: str, name: str) -> _Table:
        if name not in self._tables:
            message = "Requested resource not found"
            raise refusal(operation, "ResourceNotFoundException", 400, message)
        return self._tables[name]


def _key(operation: str, table: _Table, key: Mapping[str, Attribute]) -> str:
    if set(key) != {table.key} or "S" not in key[table.key]:
        raise _invalid(operation, "The provided key element does not match the schema")
    text: str = key[table.key]["S"]
    if not text or len(text.encode()) > MAX_KEY_BYTES:
        raise _invalid(operation, f"Expected a key of 1 to {MAX_KEY_BYTES} bytes.")
    return text


def _read(
    condition_expression: str, update_expression: str, names: Names | None, values: Values
) -> tuple[Compiled, Compiled]:
    """Return both expressions; every placeholder must be used, and every used one be given."""
    try:
        asked = condition(condition_expression) if condition_expression else _UNCONDITIONAL
        changes = update(update_expression)
    except BadExpression as bad:
        raise _invalid("UpdateItem", f"Invalid expression: {bad}") from bad
    if names is not None and not names:
        raise _invalid("UpdateItem", "ExpressionAttributeNames must not be empty")
    _check_placeholders(
        asked.placeholders | changes.placeholders, frozenset(names or ()) | frozenset(values)
    )
    for word in asked.bare_names | changes.bare_names:
        if word.upper() in _reserved_words():
            message = f"Attribute name is a reserved keyword; reserved keyword: {word}"
            raise _invalid("UpdateItem", f"Invalid expression: {message}")
    return asked, changes


@cache
def _check_placeholders(spoken_of: frozenset[str], given: frozenset[str]) -> None:
    if unknown := spoken_of - given:
        raise _invalid("UpdateItem", f"Not defined: {sorted(unknown)}")
    if unused := given - spoken_of:
        raise _invalid("UpdateItem", f"Value provided unused in expressions: {sorted(unused)}")


@cache
def _reserved_words() -> frozenset[str]:
    return frozenset(ReservedKeywords.get_reserved_keywords())


def _updated(table: _Table, before: Item, changes: Compiled, names: Names, values: Values) -> Item:
    """Return the item with the changes; each change reads the item as it was before all."""
    after = dict(before)
    touched: set[str] = set()
    for each in changes.assignments:
        name = each.name(names)
        if name == table.key:
            message = f"Cannot update attribute {name}. This attribute is part of the key"
            raise _invalid("UpdateItem", message)
        if name in touched:
            raise _invalid("UpdateItem", f"Two document paths overlap with each other: {name}")
        touched.add(name)
        try:
            operand = each.operand(before, names, values)
            _apply(each, name, operand, after)
        except BadExpression as bad:
            raise _invalid("UpdateItem", str(bad)) from bad
    return _checked("UpdateItem", after)


def _apply(
    each: Assignment, name: str, operand: Attribute | None, after: dict[str, Attribute]
) -> None:
    if each.clause == "REMOVE":
        after.pop(name, None)
    elif operand is None:
        raise BadExpression("The provided expression refers to an attribute that is not there")
    elif each.clause == "SET":
        after[name] = operand
    else:
        combined = _combined(each.clause, after.get(name), operand)
        if combined is None:
            after.pop(name, None)
        else:
            after[name] = combined


def _combined(clause: str, there: Attribute | None, operand: Attribute) -> Attribute | None:
    """Return a number or set with the operand added, or a set with the operand removed."""
    ((kind, value),) = operand.items()
    if kind not in (("N", "SS", "NS") if clause == "ADD" else ("SS", "NS")):
        raise BadExpression(f"Incorrect operand type for operator {clause}: {kind}")
    if there is not None and kind not in there:
        raise BadExpression("An operand in the update expression has an incorrect data type")
    if kind == "N":
        return {"N": plain(Decimal(there["N"] if there else 0) + Decimal(value))}
    members = set(there[kind] if there else ())
    left = members | set(value) if clause == "ADD" else members - set(value)
    return {kind: sorted(left)} if left else None


def _use_capacity(table: _Table, before: Item, after: Item) -> None:
    """Raise the error of DynamoDB if the table or its index cannot take the write now."""
    if table.capacity is None:
        return
    of_index: Counter[str] = Counter()
    for index in table.indexes.values():
        of_index.update(index.units(before, after))
    if not table.capacity.write(write_units(item_bytes(before), item_bytes(after)), of_index):
        raise _throttled("UpdateItem")


def _checked(operation: str, item: Item) -> Item:
    """Return an item, if it is not too large."""
    # Most are so small that this need not be counted: a character has at most four bytes.
    if 4 * len(str(item)) > MAX_ITEM_BYTES and item_bytes(item) > MAX_ITEM_BYTES:
        raise _invalid(operation, "Item size to update has exceeded the maximum allowed size")
    return item


def _normal(operation: str, attribute: Attribute) -> Attribute:
    """Return an attribute with its number as DynamoDB writes it."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return {"N": _number(operation, value)}
    if kind in ("SS", "NS", "BS") and (not value or len(set(value)) < len(value)):
        raise _invalid(operation, "A set may not be empty or have the same member twice")
    return attribute


@cache
def _number(operation: str, text: str) -> str:
    try:
        number = Decimal(text)
    except ArithmeticError as bad:
        raise _invalid(operation, "A value provided cannot be converted into a number") from bad
    if not number.is_finite() or len(number.normalize().as_tuple().digits) > MAX_DIGITS:
        raise _invalid(operation, "Attempting to store more than 38 significant digits")
    return plain(number)


def _invalid(operation: str, message: str) -> Exception:
    return refusal(operation, "ValidationException", 400, message)


def _throttled(operation: str) -> Exception:
    message = "The level of configured provisioned throughput for the table was exceeded."
    return refusal(operation, "ProvisionedThroughputExceededException", 400, message)


_UNCONDITIONAL = Compiled(lambda item, names, values: True, (), frozenset(), frozenset())
