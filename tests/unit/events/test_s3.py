from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given

from shared.events.body import read_hints
from shared.events.hint import Hint
from shared.model.errors import BadMessage
from tests.support.awkward import KEYS, any_key
from tests.support.bodies import altered, body

pytestmark = pytest.mark.unit

KEY = "Records.0.s3.object.key"
# Who writes notifications, and how each encodes a key.
ENCODERS: dict[str, Callable[[str], str]] = {
    "aws": partial(quote_plus, safe="/"),
    "moto": quote_plus,
    "localstack": quote,
}


def test_an_upload_gives_a_hint_of_its_key() -> None:
    hints = read_hints(body("s3_put"))

    at = datetime(2025, 1, 21, 18, 23, 20, 123000, tzinfo=UTC)
    assert hints == (Hint("pixfleet-sources", "photos/red flower.jpg", "ObjectCreated:Put", at),)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("s3_removed", "ObjectRemoved:Delete"),
        ("s3_delete_marker", "ObjectRemoved:DeleteMarkerCreated"),
        ("s3_put_newer_minor", "ObjectCreated:CompleteMultipartUpload"),
        ("s3_moto", "ObjectCreated:Put"),
    ],
)
def test_every_type_of_event_gives_a_hint_of_its_key(name: str, event: str) -> None:
    (hint,) = read_hints(body(name))

    assert (hint.bucket, hint.key) == ("pixfleet-sources", "photos/red flower.jpg")
    assert hint.event == event


def test_every_record_of_a_message_is_read() -> None:
    hints = read_hints(body("s3_two_records"))

    assert [hint.key for hint in hints] == ["photos/red flower.jpg", "photos/blue.jpg"]


@pytest.mark.parametrize("name", ["s3_no_records", "s3_test_event"])
def test_a_message_without_records_gives_no_hints(name: str) -> None:
    assert read_hints(body(name)) == ()


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("red+flower.jpg", "red flower.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("a%2520b.jpg", "a%20b.jpg"),
        ("a%252520b.jpg", "a%2520b.jpg"),
        ("a%40b.jpg", "a@b.jpg"),
        ("%C3%A9t%C3%A9.jpg", "été.jpg"),
        ("%c3%a9t%c3%a9.jpg", "été.jpg"),
    ],
)
def test_a_key_is_decoded_exactly_once(sent: str, key: str) -> None:
    (hint,) = read_hints(altered("s3_put", KEY, sent))

    assert hint.key == key


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS.keys())
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_an_awkward_key_arrives_as_it_is(key: str, encoder: Callable[[str], str]) -> None:
    (hint,) = read_hints(altered("s3_put", KEY, encoder(key)))

    assert hint.key == key


@given(any_key)
def test_any_key_arrives_as_it_is(key: str) -> None:
    (hint,) = read_hints(altered("s3_put", KEY, quote_plus(key, safe="/")))

    assert hint.key == key


@pytest.mark.parametrize("sent", ["%FF.jpg", "%E9t%E9.jpg", "%ED%A0%80.jpg"])
def test_a_key_that_is_not_utf_8_is_a_bad_message(sent: str) -> None:
    with pytest.raises(BadMessage, match="percent-encoded UTF-8"):
        read_hints(altered("s3_put", KEY, sent))


@pytest.mark.parametrize("version", ["2", "2.0", "2.99", "2.10"])
def test_any_minor_version_is_read(version: str) -> None:
    (hint,) = read_hints(altered("s3_put", "Records.0.eventVersion", version))

    assert hint.key == "photos/red flower.jpg"


@pytest.mark.parametrize("version", ["3.0", "1.0", "20.1", "", ".2", "two"])
def test_another_major_version_is_a_bad_message(version: str) -> None:
    with pytest.raises(BadMessage, match=r"Expected eventVersion 2\.x, got"):
        read_hints(altered("s3_put", "Records.0.eventVersion", version))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Records", None),
        ("Records", {}),
        ("Records", ["s3"]),
        ("Records.0.eventSource", "aws:sqs"),
        ("Records.0.eventVersion", 2.1),
        ("Records.0.s3", None),
        ("Records.0.s3.bucket.name", ""),
        ("Records.0.s3.bucket.name", None),
        ("Records.0.s3.object", []),
        (KEY, ""),
        (KEY, 7),
    ],
)
def test_an_ill_typed_field_is_a_bad_message(path: str, value: object) -> None:
    with pytest.raises(BadMessage, match="Expected") as caught:
        read_hints(altered("s3_put", path, value))

    assert caught.value.stage == "parse"


@pytest.mark.parametrize(
    "path",
    [
        "Records.0.eventVersion",
        "Records.0.eventSource",
        "Records.0.eventName",
        "Records.0.s3",
        "Records.0.s3.bucket",
        "Records.0.s3.object.key",
    ],
)
def test_a_missing_field_is_named(path: str) -> None:
    with pytest.raises(BadMessage, match=path.rpartition(".")[2]):
        read_hints(altered("s3_put", path))


@pytest.mark.parametrize(
    "time",
    [
        None,
        5,
        "yesterday",
        "2025-01-21T18:23:20",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",  # before the first second of UTC's calendar
        {},
    ],
)
def test_a_time_that_cannot_be_read_fails_nothing(time: object) -> None:
    (hint,) = read_hints(altered("s3_put", "Records.0.eventTime", time))

    assert hint.key == "photos/red flower.jpg"
    assert hint.happened_at is None
