"""DynamoDB: conditional writes, expressions, and an index."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.local.stack import STATUS_INDEX
from tests.contracts.engines import Engine
from tests.contracts.refused import refused

# Two partitions of an index, and an item that is in neither.
INDEXED = {
    "b.jpg": ("published#01", 2),
    "a.jpg": ("published#01", 10),
    "c.jpg": ("published#01", 1),
    "d.jpg": ("published#02", 3),
}
KEY = {"key": {"S": "a.jpg"}}
Item = dict[str, Any]  # as boto3 gives it


@pytest.fixture(name="table")
def _table(engine: Engine) -> str:
    return engine.table()


def update(engine: Engine, table: str, expression: str, **arguments: Any) -> Item:  # noqa: ANN401 - boto3's
    """Execute an update and return the attributes in its response."""
    answer = engine.dynamodb.update_item(
        TableName=table, Key=KEY, UpdateExpression=expression, **arguments
    )
    return dict(answer.get("Attributes", {}))


def there(engine: Engine, table: str) -> Item:
    answer = engine.dynamodb.get_item(TableName=table, Key=KEY, ConsistentRead=True)
    return dict(answer.get("Item", {}))


def put(engine: Engine, table: str, **attributes: Any) -> None:  # noqa: ANN401 - boto3's
    engine.dynamodb.put_item(TableName=table, Item={**KEY, **attributes})


def holds(engine: Engine, table: str, condition: str, **values: Any) -> bool:  # noqa: ANN401 - boto3's
    """Return whether the stored item meets a condition."""
    try:
        update(
            engine,
            table,
            "SET probe = :probe",
            ConditionExpression=condition,
            ExpressionAttributeValues={
                ":probe": {"S": "x"},
                **{f":{name}": value for name, value in values.items()},
            },
        )
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def test_a_missing_item_is_an_answer_without_an_item(engine: Engine, table: str) -> None:
    assert "Item" not in engine.dynamodb.get_item(TableName=table, Key=KEY)


def test_a_missing_table_is_refused(engine: Engine) -> None:
    with refused("ResourceNotFoundException", 400):
        engine.dynamodb.get_item(TableName="never-made", Key=KEY)


def test_an_update_of_a_missing_item_creates_it(engine: Engine, table: str) -> None:
    update(engine, table, "SET a = :a", ExpressionAttributeValues={":a": {"S": "1"}})

    assert there(engine, table) == {**KEY, "a": {"S": "1"}}


@pytest.mark.parametrize(
    ("wanted", "first", "second"),
    [("NONE", {}, {}), ("ALL_OLD", {}, {"S": "1"}), ("ALL_NEW", {"S": "1"}, {"S": "2"})],
)
def test_an_update_returns_the_requested_values(
    engine: Engine, table: str, wanted: str, first: Item, second: Item
) -> None:
    answers = [
        update(
            engine,
            table,
            "SET a = :a",
            ExpressionAttributeValues={":a": {"S": value}},
            ReturnValues=wanted,
        )
        for value in ("1", "2")
    ]

    assert [answer.get("a", {}) for answer in answers] == [first, second]
    assert bool(answers[1]) is ("key" in answers[1])


def test_a_refused_update_changes_nothing(engine: Engine, table: str) -> None:
    put(engine, table, a={"S": "1"})

    assert not holds(engine, table, "a = :other", other={"S": "2"})

    assert there(engine, table) == {**KEY, "a": {"S": "1"}}


@pytest.mark.parametrize(("wanted", "shown"), [("ALL_OLD", {"S": "1"}), ("NONE", None)])
def test_a_refusal_returns_the_item_if_requested(
    engine: Engine, table: str, wanted: str, shown: Item | None
) -> None:
    put(engine, table, a={"S": "1"})

    with refused("ConditionalCheckFailedException", 400) as caught:
        update(
            engine,
            table,
            "SET b = :b",
            ConditionExpression="a = :b",
            ExpressionAttributeValues={":b": {"S": "2"}},
            ReturnValuesOnConditionCheckFailure=wanted,
        )

    item: Any = caught.value.response.get("Item", {})
    assert item.get("a") == shown


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("=", False), ("<", False), ("<=", False), (">", False), (">=", False), ("<>", True)],
)
def test_of_a_missing_attribute_only_not_equal_holds(
    engine: Engine, table: str, operator: str, expected: object
) -> None:
    put(engine, table)

    assert holds(engine, table, f"not_there {operator} :v", v={"N": "1"}) is expected


def test_numbers_compare_as_numbers(engine: Engine, table: str) -> None:
    put(engine, table, lease_until={"N": "9.5"})

    assert holds(engine, table, "lease_until < :v", v={"N": "10"})
    assert holds(engine, table, "lease_until = :v", v={"N": "9.50"})
    assert not holds(engine, table, "lease_until > :v", v={"N": "1e1"})


def test_values_of_different_types_are_neither_equal_nor_in_order(
    engine: Engine, table: str
) -> None:
    put(engine, table, a={"S": "1"})

    assert not holds(engine, table, "a = :v", v={"N": "1"})
    assert not holds(engine, table, "a < :v", v={"N": "2"})
    assert holds(engine, table, "a <> :v", v={"N": "1"})


def test_sets_are_equal_whatever_their_order(engine: Engine, table: str) -> None:
    put(engine, table, a={"SS": ["x", "y"]})

    assert holds(engine, table, "a = :v", v={"SS": ["y", "x"]})


def test_a_missing_item_has_no_attributes(engine: Engine, table: str) -> None:
    assert not holds(engine, table, "attribute_exists(a)")
    assert holds(engine, table, "attribute_not_exists(a)")


def test_and_binds_tighter_than_or_and_not_tighter_than_and(engine: Engine, table: str) -> None:
    put(engine, table, a={"N": "1"})
    yes, no = "attribute_exists(a)", "attribute_exists(b)"

    assert holds(engine, table, f"{yes} OR {no} AND {no}")
    assert not holds(engine, table, f"({yes} OR {no}) AND {no}")
    assert not holds(engine, table, f"NOT {yes} AND {no}")
    assert holds(engine, table, f"NOT ({yes} AND {no})")


def test_the_parts_of_an_update_read_the_item_before_the_update(
    engine: Engine, table: str
) -> None:
    put(engine, table, a={"S": "1"}, b={"S": "2"})

    update(engine, table, "SET a = b, b = a REMOVE c")

    assert there(engine, table) == {**KEY, "a": {"S": "2"}, "b": {"S": "1"}}


def test_a_missing_number_is_counted_from_zero(engine: Engine, table: str) -> None:
    for _ in range(2):
        update(engine, table, "ADD tries :one", ExpressionAttributeValues={":one": {"N": "1"}})

    assert there(engine, table)["tries"] == {"N": "2"}


def test_a_default_holds_until_there_is_a_value(engine: Engine, table: str) -> None:
    for _ in range(2):
        update(
            engine,
            table,
            "SET tries = if_not_exists(tries, :zero) + :one",
            ExpressionAttributeValues={":one": {"N": "1"}, ":zero": {"N": "0"}},
        )

    assert there(engine, table)["tries"] == {"N": "2"}


def test_adding_to_a_set_unites_the_two(engine: Engine, table: str) -> None:
    for names in (["a", "b"], ["b", "c"]):
        update(engine, table, "ADD may_store :n", ExpressionAttributeValues={":n": {"SS": names}})

    assert set(there(engine, table)["may_store"]["SS"]) == {"a", "b", "c"}


def test_a_set_from_which_all_is_deleted_is_removed(engine: Engine, table: str) -> None:
    put(engine, table, may_store={"SS": ["a"]})

    update(engine, table, "DELETE may_store :n", ExpressionAttributeValues={":n": {"SS": ["a"]}})

    assert there(engine, table) == KEY


def test_numbers_come_back_in_their_shortest_form(engine: Engine, table: str) -> None:
    update(engine, table, "SET a = :a", ExpressionAttributeValues={":a": {"N": "1000600.0"}})

    assert there(engine, table)["a"] == {"N": "1000600"}


def test_an_expression_may_not_use_an_undefined_name(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "REMOVE #a")


def test_an_expression_may_not_use_an_undefined_value(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "SET a = :a")


def test_an_unused_name_is_refused(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "REMOVE a", ExpressionAttributeNames={"#b": "b"})


def test_an_unused_value_is_refused(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "REMOVE a", ExpressionAttributeValues={":b": {"S": "b"}})


def test_names_may_be_left_out_but_not_empty(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "REMOVE a", ExpressionAttributeNames={})


@pytest.mark.parametrize("word", ["status", "schema", "ttl"])
def test_a_reserved_word_is_refused_as_a_bare_name(engine: Engine, table: str, word: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, f"REMOVE {word}")


def test_a_reserved_word_is_refused_in_a_condition_too(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "REMOVE a", ConditionExpression="attribute_exists(status)")


def test_a_set_may_not_be_empty(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "ADD a :a", ExpressionAttributeValues={":a": {"SS": []}})


def test_adding_to_a_string_is_refused(engine: Engine, table: str) -> None:
    put(engine, table, a={"S": "1"})

    with refused("ValidationException", 400):
        update(engine, table, "ADD a :a", ExpressionAttributeValues={":a": {"N": "1"}})


def test_the_key_cannot_be_changed(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(
            engine,
            table,
            "SET #key = :key",
            ExpressionAttributeNames={"#key": "key"},
            ExpressionAttributeValues={":key": {"S": "b.jpg"}},
        )


def test_an_attribute_is_changed_once_in_an_update(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "SET a = :a REMOVE a", ExpressionAttributeValues={":a": {"S": "1"}})


def test_a_copy_of_a_missing_attribute_is_refused(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        update(engine, table, "SET a = b")


def test_a_key_may_not_be_empty(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        engine.dynamodb.get_item(TableName=table, Key={"key": {"S": ""}})


def test_an_item_has_at_most_400_kilobytes(engine: Engine, table: str) -> None:
    # Not exact to the byte: emulators may count attribute names differently.
    update(engine, table, "SET a = :a", ExpressionAttributeValues={":a": {"S": "x" * 409_000}})

    with refused("ValidationException", 400):
        update(engine, table, "SET a = :a", ExpressionAttributeValues={":a": {"S": "x" * 409_600}})


def put_indexed(engine: Engine, table: str) -> None:
    for key, (shard, at) in INDEXED.items():
        item: Item = {
            "key": {"S": key},
            "status_shard": {"S": shard},
            "updated_at": {"N": str(at)},
            "cause": {"S": "corrupt"},
            "detail": {"S": "not in the index"},
        }
        engine.dynamodb.put_item(TableName=table, Item=item)
    engine.dynamodb.put_item(TableName=table, Item={"key": {"S": "e"}, "updated_at": {"N": "4"}})


def query(engine: Engine, table: str, **arguments: Any) -> Item:  # noqa: ANN401 - boto3's
    answer = engine.dynamodb.query(
        **{
            "TableName": table,
            "IndexName": STATUS_INDEX,
            "KeyConditionExpression": "status_shard = :shard",
            "ExpressionAttributeValues": {":shard": {"S": "published#01"}},
            **arguments,
        }
    )
    return dict(answer)


def keys(answer: Item) -> list[str]:
    return [item["key"]["S"] for item in answer["Items"]]


def test_an_index_gives_a_partition_in_the_order_of_its_numbers(
    engine: Engine, table: str
) -> None:
    put_indexed(engine, table)

    assert keys(query(engine, table)) == ["c.jpg", "b.jpg", "a.jpg"]
    assert keys(query(engine, table, ScanIndexForward=False)) == ["a.jpg", "b.jpg", "c.jpg"]


def test_an_index_gives_the_attributes_that_it_includes(engine: Engine, table: str) -> None:
    put_indexed(engine, table)

    (item,) = query(engine, table, ExpressionAttributeValues={":shard": {"S": "published#02"}})[
        "Items"
    ]

    assert item.keys() == {"key", "status_shard", "updated_at", "cause"}


def test_a_page_of_an_index_says_where_the_next_one_begins(engine: Engine, table: str) -> None:
    put_indexed(engine, table)

    first = query(engine, table, ScanIndexForward=False, Limit=2)
    second = query(
        engine,
        table,
        ScanIndexForward=False,
        Limit=2,
        ExclusiveStartKey=first["LastEvaluatedKey"],
    )

    assert keys(first) == ["a.jpg", "b.jpg"]
    assert first["LastEvaluatedKey"].keys() == {"key", "status_shard", "updated_at"}
    assert keys(second) == ["c.jpg"]
    assert "LastEvaluatedKey" not in second


def test_an_item_moves_within_an_index_when_its_keys_change(engine: Engine, table: str) -> None:
    put_indexed(engine, table)

    update(
        engine,
        table,
        "SET status_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": "removed#01"}},
    )

    assert keys(query(engine, table)) == ["c.jpg", "b.jpg"]
    removed = {":shard": {"S": "removed#01"}}
    assert keys(query(engine, table, ExpressionAttributeValues=removed)) == ["a.jpg"]


def test_a_query_of_a_missing_index_is_refused(engine: Engine, table: str) -> None:
    with refused("ValidationException", 400):
        query(engine, table, IndexName="never-made")
