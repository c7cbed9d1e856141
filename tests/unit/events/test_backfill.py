import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import backfill
from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.model.errors import BadMessage
from tests.support.awkward import KEYS, any_key
from tests.support.bodies import altered, body

pytestmark = pytest.mark.unit


def test_every_key_of_a_backfill_is_a_hint_without_decoding() -> None:
    hints = read_hints(body("backfill"))

    assert hints == (
        Hint("pixfleet-sources", "photos/red flower.jpg", "backfill"),
        Hint("pixfleet-sources", "photos/a+b%20c.jpg", "backfill"),
    )


def test_what_is_written_has_the_documented_form() -> None:
    written = backfill.write("b", ["a", "é"])

    expected = r'{"pixfleet":"backfill","version":1,"bucket":"b","keys":["a","\u00e9"]}'
    assert written == expected


def test_awkward_keys_are_read_as_they_were_written() -> None:
    hints = read_hints(backfill.write("b", list(KEYS.values())))

    assert [hint.key for hint in hints] == list(KEYS.values())


@given(st.lists(any_key))
def test_any_keys_are_read_as_they_were_written(keys: list[str]) -> None:
    written = backfill.write("b", keys)

    assert [hint.key for hint in read_hints(written)] == keys
    assert written.isascii()
    assert written.isprintable()


@pytest.mark.parametrize(
    ("path", "value"),
    [("version", 2), ("version", 0), ("pixfleet", "refill")],
)
def test_another_kind_or_version_is_named(path: str, value: object) -> None:
    with pytest.raises(BadMessage, match="Expected a Pixfleet backfill of version 1, got"):
        read_hints(altered("backfill", path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", "1"),
        ("version", True),
        ("version", 10**40),
        ("pixfleet", None),
        ("bucket", ""),
        ("bucket", None),
        ("keys", "cat.jpg"),
        ("keys", None),
        ("keys.1", ""),
        ("keys.1", 5),
    ],
)
def test_an_ill_typed_field_is_a_bad_message(path: str, value: object) -> None:
    with pytest.raises(BadMessage):
        read_hints(altered("backfill", path, value))


def test_a_backfill_of_no_keys_gives_no_hints() -> None:
    assert read_hints(backfill.write("b", [])) == ()
