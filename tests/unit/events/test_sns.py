import pytest

from shared.events.body import read_hints
from shared.model.errors import BadMessage
from tests.support.bodies import altered, body

pytestmark = pytest.mark.unit


def test_a_notification_through_sns_reads_like_a_bare_one() -> None:
    assert read_hints(body("sns_s3_put")) == read_hints(body("s3_put"))


def test_a_test_event_through_sns_gives_no_hints() -> None:
    assert read_hints(body("sns_test_event")) == ()


@pytest.mark.parametrize("name", ["eventbridge_created", "backfill", "s3_removed"])
def test_every_other_form_is_read_from_sns(name: str) -> None:
    wrapped = altered("sns_s3_put", "Message", body(name))

    assert read_hints(wrapped) == read_hints(body(name))


def test_sns_within_sns_is_a_bad_message() -> None:
    with pytest.raises(
        BadMessage, match="got an object with the fields 'Type, MessageId, TopicArn"
    ):
        read_hints(body("sns_in_sns"))


def test_an_unconfirmed_subscription_is_named() -> None:
    with pytest.raises(BadMessage, match="Confirm the queue's subscription"):
        read_hints(body("sns_subscription"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Message", "not JSON"),
        ("Message", "[]"),
        ("Message", {"Records": []}),
        ("Message", None),
        ("Type", None),
        ("Type", 1),
    ],
)
def test_an_ill_typed_envelope_is_a_bad_message(path: str, value: object) -> None:
    with pytest.raises(BadMessage):
        read_hints(altered("sns_s3_put", path, value))


def test_an_envelope_without_its_message_is_a_bad_message() -> None:
    with pytest.raises(BadMessage, match="missing required field `Message`"):
        read_hints(altered("sns_s3_put", "Message"))
