"""Keys that URL encoding or parsers often damage, and malicious keys."""

import json
from collections.abc import Iterator
from urllib.parse import unquote_plus

import pytest
import structlog

from shared.model.errors import Cause
from shared.model.keys import parse_variant_key
from shared.model.outcome import Outcome
from shared.telemetry.logging import configure_logging
from tests.faults.delivery import FULL_SET, Delivery, cause, notification
from tests.support import images
from tests.support.awkward import KEYS

pytestmark = pytest.mark.faults

TOO_LONG = "1024-bytes"  # with a shard before and a name after it, it is too long for S3
FITTING = {name: key for name, key in KEYS.items() if name != TOO_LONG}
FORGERY = 'a.jpg\n{"level": "error", "event": "image done", "key": "forged.jpg"}'
HARMFUL = {
    "climbs": "../../etc/passwd",
    "climbs in the middle": "photos/../../secret.jpg",
    "stays": "./a.jpg",
    "newline": "a\nb.jpg",
    "carriage return": "a\rb.jpg",
    "escape": "a\x1b[31m.jpg",
    "forged line": FORGERY,
}


@pytest.fixture(autouse=True)
def _forgets_its_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.case(4)
@pytest.mark.parametrize("key", FITTING.values(), ids=FITTING.keys())
def test_the_variants_of_an_awkward_key_have_the_etag_of_their_source(
    delivery: Delivery, key: str
) -> None:
    misread = unquote_plus(key)
    if misread != key:
        delivery.world.drop(misread, images.saved(images.plain((0, 0, 255)), "PNG"))
    delivery.world.drop(key, images.saved(images.plain((255, 0, 0)), "PNG"))

    (result,) = delivery.deliver(notification(key))

    stored = [each for each in delivery.world.stored() if not each.endswith("/manifest.json")]
    red, _, blue = delivery.colour(key)
    assert result.outcome is Outcome.MADE
    assert delivery.world.stored_names(key) == FULL_SET
    assert {parse_variant_key(each).source_key for each in stored} == {key}
    assert (red > 200, blue > 50) == (True, False)


@pytest.mark.case(4)
def test_a_key_of_1024_bytes_is_refused_by_its_length(delivery: Delivery) -> None:
    key = KEYS[TOO_LONG]
    delivery.world.drop(key, images.jpeg())

    (result,) = delivery.deliver(notification(key))

    assert result.is_acknowledged
    assert cause(result.outcome) is Cause.UNSUPPORTED_KEY
    assert delivery.world.item(key)["cause"] == {"S": "unsupported_key"}
    assert delivery.world.stored() == {}


@pytest.mark.case(51)
@pytest.mark.parametrize("key", HARMFUL.values(), ids=HARMFUL.keys())
def test_a_harmful_key_stores_nothing_and_forges_no_line(
    delivery: Delivery, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("json")
    delivery.world.drop("secret.jpg", images.jpeg())
    delivery.world.drop(key, images.jpeg())

    (result,) = delivery.deliver(notification(key))

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (dead_letter,) = delivery.queues.sent
    assert result.is_acknowledged
    assert cause(result.outcome) is Cause.UNSUPPORTED_KEY
    assert delivery.world.stored() == {}
    assert {line["key"] for line in lines if "key" in line} <= {key}
    assert all(line["event"] != "image done" for line in lines)
    assert all(value.isprintable() for value in dead_letter.attributes.values())


@pytest.mark.case(51)
def test_a_leading_slash_stays_a_part_of_the_key(delivery: Delivery) -> None:
    delivery.world.drop("/etc/passwd", images.jpeg())

    outcome = delivery.process("/etc/passwd")

    assert outcome is Outcome.MADE
    assert all(key[2:].startswith("//etc/passwd/") for key in delivery.world.stored())
