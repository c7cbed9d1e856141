from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cloud.items import Value, from_item, to_item

pytestmark = pytest.mark.unit

values = st.one_of(
    st.text(),
    # DynamoDB keeps 38 digits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    st.integers(min_value=-(10**38) + 1, max_value=10**38 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text()),
    st.frozensets(st.text(), min_size=1),
    st.booleans(),
    st.dictionaries(st.text(min_size=1), st.frozensets(st.text(), min_size=1)),
)


@given(st.dictionaries(st.text(min_size=1), values))
def test_fields_come_back_as_they_went(fields: Mapping[str, Value]) -> None:
    back = from_item(to_item(fields))

    assert back == fields
    assert {name: type(value) for name, value in back.items()} == {
        name: type(value) for name, value in fields.items()
    }


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("café", {"S": "café"}),
        ("", {"S": ""}),
        (7, {"N": "7"}),
        (0.1, {"N": "0.1"}),
        (1_700_000_000.25, {"N": "1700000000.25"}),
        ([], {"L": []}),
        (["b", "a"], {"L": [{"S": "b"}, {"S": "a"}]}),
        (frozenset({"b", "a"}), {"SS": ["a", "b"]}),
        (True, {"BOOL": True}),
        ({"of": frozenset({"b", "a"})}, {"M": {"of": {"SS": ["a", "b"]}}}),
    ],
)
def test_each_type_has_its_attribute(value: Value, attribute: Mapping[str, object]) -> None:
    assert to_item({"x": value}) == {"x": attribute}


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5), ("-5", -5), ("5.0", 5.0), ("1E+3", 1000.0), ("-0.25", -0.25)]
)
def test_numbers_are_read_as_dynamodb_writes_them(text: str, number: float) -> None:
    read = from_item({"x": {"N": text}})["x"]

    assert read == number
    assert type(read) is type(number)


@pytest.mark.parametrize(
    "attribute",
    [{"NULL": True}, {"B": b"x"}, {"NS": ["1"]}],
    ids=lambda attribute: next(iter(attribute)),
)
def test_a_type_that_we_never_write_is_left_out(attribute: Mapping[str, object]) -> None:
    assert from_item({"odd": attribute, "x": {"S": "kept"}}) == {"x": "kept"}


def test_what_is_no_text_in_a_list_is_left_out() -> None:
    assert from_item({"x": {"L": [{"S": "a"}, {"N": "1"}, {"M": {}}]}}) == {"x": ["a"]}


def test_what_is_no_set_in_a_map_is_left_out() -> None:
    assert from_item({"x": {"M": {"a": {"SS": ["b"]}, "c": {"S": "d"}}}}) == {
        "x": {"a": frozenset({"b"})}
    }
