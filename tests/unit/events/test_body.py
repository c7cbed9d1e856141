import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.model.errors import BadMessage, Permanent
from tests.support.bodies import altered, body

pytestmark = pytest.mark.unit

JUNK = {
    "nothing": "",
    "blank": " ",
    "words": "hello",
    "half an object": '{"Records":',
    "two objects": "{}{}",
    "null": "null",
    "true": "true",
    "number": "17",
    "infinite number": "1e999",
    "huge whole number": "9" * 5000,
    "huge whole number within": '{"Records":[' + "9" * 5000 + "]}",
    "string": '"Records"',
    "empty array": "[]",
    "array of records": '[{"Records":[]}]',
    "empty object": "{}",
    "other object": '{"hello":"world"}',
    "other event of S3": '{"Service":"Amazon S3","Event":"s3:Other"}',
    "deep array": "[" * 200_000 + "]" * 200_000,
    "deep object": '{"Records":' * 50_000 + "1" + "}" * 50_000,
    "byte order mark": '\ufeff{"Records":[]}',
    "half a surrogate pair": '{"Records":[]}\ud800',
    "half a surrogate pair escaped": '{"Records":[],"x":"\\ud800"}',
    "not a number": "NaN",
}

FORMS = ["s3_put", "s3_test_event", "sns_s3_put", "eventbridge_created", "backfill"]
# Fields by which the forms are recognised.
FIELD_NAMES = st.sampled_from(
    ["Records", "Event", "TopicArn", "Type", "Message", "detail-type", "pixfleet"]
)
VALUES = st.sampled_from(
    ["s3:TestEvent", "Notification", "aws:s3", "aws.s3", "2.1", "backfill", 1]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(FIELD_NAMES | st.text(), inner, max_size=5)
    ),
    max_leaves=30,
)


def assert_hints_or_bad_message(text: str) -> None:
    hints: tuple[Hint, ...] = ()
    refused = None
    try:
        hints = read_hints(text)
    except BadMessage as failure:
        refused = failure
    assert all(isinstance(hint, Hint) for hint in hints)
    assert all(hint.bucket for hint in hints)
    assert all(hint.key for hint in hints)
    assert refused is None or (refused.stage, refused.detail[-1]) == ("parse", ".")


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_junk_is_a_bad_message(junk: str) -> None:
    with pytest.raises(BadMessage, match="Expected") as caught:
        read_hints(junk)

    assert isinstance(caught.value, Permanent)
    assert caught.value.stage == "parse"


def test_a_bad_message_never_quotes_the_body() -> None:
    with pytest.raises(BadMessage) as caught:
        read_hints("secret=hunter2")

    assert "hunter2" not in str(caught.value)


def test_the_fields_of_an_unknown_object_are_named() -> None:
    with pytest.raises(BadMessage, match="got an object with the fields 'hello, there'"):
        read_hints('{"hello":1,"there":2}')


@given(st.text())
def test_any_text_gives_hints_or_a_bad_message(text: str) -> None:
    assert_hints_or_bad_message(text)


@given(json_values)
def test_any_json_gives_hints_or_a_bad_message(value: object) -> None:
    assert_hints_or_bad_message(json.dumps(value))


@given(st.data())
def test_a_real_message_with_any_value_in_a_field_gives_hints_or_a_bad_message(
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from(FORMS))
    path = data.draw(st.sampled_from(sorted(_paths(json.loads(body(name))))))

    assert_hints_or_bad_message(altered(name, path, data.draw(json_values)))


@given(st.data())
def test_a_real_message_cut_anywhere_gives_hints_or_a_bad_message(data: st.DataObject) -> None:
    text = body(data.draw(st.sampled_from(FORMS)))

    assert_hints_or_bad_message(text[: data.draw(st.integers(0, len(text)))])


def _paths(value: object, above: str = "") -> set[str]:
    """Return the dotted path of every field and item of a document."""
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = [(str(at), item) for at, item in enumerate(value)]
    else:
        return set()
    found = set()
    for name, inner in children:
        path = f"{above}{name}"
        found |= {path, *_paths(inner, f"{path}.")}
    return found
