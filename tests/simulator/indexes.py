"""DynamoDB: global secondary indexes, with the arguments and answers of boto3's `query`.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""
# ruff: noqa: N803 - the arguments are boto3's

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.simulator.expressions import BadExpression, Item, Names, Values, condition
from tests.simulator.item_sizes import item_bytes
from tests.simulator.table_capacity import write_units


@dataclass(frozen=True, slots=True)
class Index:
    """An index with a string as its partition key and a number as its sort key."""

    table_key: str
    partition: str
    sort: str
    projected: frozenset[str]

    def query(  # noqa: PLR0913 - boto3's
        self,
        items: Mapping[str, Item],
        *,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Values,
        ExpressionAttributeNames: Names | None = None,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Item | None = None,
    ) -> dict[str, Any]:
        """Return at most `Limit` items, and where the next page begins if there may be one.

        Raises `BadExpression` if the condition is not on the partition key alone.
        """
        if Limit is not None and Limit < 1:
            raise BadExpression("Limit must be at least 1")
        names = ExpressionAttributeNames or {}
        asked = condition(KeyConditionExpression)
        named = {names[name] for name in asked.placeholders if name.startswith("#")}
        if named | asked.bare_names != {self.partition}:
            raise BadExpression("Query key condition not supported")
        found = [
            item
            for item in items.values()
            if self._holds(item) and asked.condition(item, names, ExpressionAttributeValues)
        ]
        found.sort(key=self._place, reverse=not ScanIndexForward)
        if ExclusiveStartKey:
            start = self._place(ExclusiveStartKey)
            found = [
                each
                for each in found
                if (self._place(each) > start if ScanIndexForward else self._place(each) < start)
            ]
        page = found[:Limit]
        answer: dict[str, Any] = {
            "Items": [self._shown(item) for item in page],
            "Count": len(page),
            "ScannedCount": len(page),
        }
        # DynamoDB stops at the limit, and does not look whether there is more.
        if Limit is not None and len(page) == Limit:
            last = page[-1]
            keys = (self.table_key, self.partition, self.sort)
            answer["LastEvaluatedKey"] = {name: last[name] for name in keys}
        return answer

    def units(self, before: Item, after: Item) -> Mapping[str, int]:
        """Return the write units of a change of an item, by the keys of the index that it touches.

        An item whose keys of the index change is deleted there and put again.
        """
        old, new = (self._shown(each) if self._holds(each) else {} for each in (before, after))
        if old == new:
            return {}
        used: Counter[str] = Counter()
        if old and new and self._keys(old) == self._keys(new):
            used[new[self.partition]["S"]] = write_units(item_bytes(old), item_bytes(new))
            return used
        for each in (old, new):
            if each:
                used[each[self.partition]["S"]] += write_units(0, item_bytes(each))
        return used

    def _keys(self, item: Item) -> tuple[object, object]:
        return item[self.partition], item[self.sort]

    def _holds(self, item: Item) -> bool:
        """Return whether the item has both keys of the index: others are not in it."""
        return "S" in item.get(self.partition, {}) and "N" in item.get(self.sort, {})

    def _place(self, item: Item) -> tuple[Decimal, str]:
        return Decimal(item[self.sort]["N"]), item[self.table_key]["S"]

    def _shown(self, item: Item) -> Item:
        return {name: value for name, value in item.items() if name in self.projected}


def read_indexes(
    definitions: Sequence[Mapping[str, Any]], table_key: str, types: Mapping[str, str]
) -> Mapping[str, Index]:
    """Return the indexes of a table by name, as `create_table` got them."""
    indexes = {}
    for each in definitions:
        keys = {key["KeyType"]: key["AttributeName"] for key in each["KeySchema"]}
        partition, sort = keys["HASH"], keys["RANGE"]
        assert (types[partition], types[sort]) == ("S", "N")
        projection = each["Projection"]
        assert projection["ProjectionType"] == "INCLUDE"
        projected = {table_key, partition, sort, *projection["NonKeyAttributes"]}
        indexes[each["IndexName"]] = Index(table_key, partition, sort, frozenset(projected))
    return indexes
