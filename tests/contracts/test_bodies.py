"""The simulator's bodies have the fields of AWS' own examples, and our parsers accept them."""

import json
from collections.abc import Callable

import pytest

from shared.events.body import read_hints
from tests.simulator.buckets import Buckets
from tests.simulator.notifications import (
    Change,
    notification,
    setup_event,
    through_eventbridge,
    through_sns,
)
from tests.support.bodies import body
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.faults

KEY = "photos/red flower+50%20é.jpg"


def changes(*, versioned: bool) -> list[Change]:
    """Return the changes of a put and of a delete."""
    notified: list[Change] = []
    buckets = Buckets(FakeClock(), notified.append)
    buckets.create_bucket(Bucket="sources", versioned=versioned)
    buckets.put_object(Bucket="sources", Key=KEY, Body=b"pixels")
    buckets.delete_object(Bucket="sources", Key=KEY)
    return notified


def paths(value: object, at: str = "") -> set[str]:
    """Return the path of every field in a JSON document."""
    if isinstance(value, dict):
        return {at}.union(*(paths(each, f"{at}.{name}") for name, each in value.items()))
    if isinstance(value, list):
        return {at}.union(*(paths(each, f"{at}[]") for each in value))
    return {at}


def wrapped(change: Change) -> str:
    return through_sns(notification(change), at=0)


PUT, REMOVED = changes(versioned=False)
PUT_VERSION, MARKER = changes(versioned=True)


@pytest.mark.parametrize(
    ("example", "simulated"),
    [
        ("s3_put", notification(PUT)),
        ("s3_removed", notification(REMOVED)),
        ("s3_delete_marker", notification(MARKER)),
        ("s3_test_event", setup_event("sources", at=0)),
        ("sns_s3_put", wrapped(PUT)),
        ("eventbridge_created", through_eventbridge(PUT_VERSION)),
        ("eventbridge_deleted", through_eventbridge(MARKER)),
    ],
    ids=lambda value: value if value.isidentifier() else "",
)
def test_a_simulated_body_has_the_fields_of_the_example(example: str, simulated: str) -> None:
    assert paths(json.loads(simulated)) == paths(json.loads(body(example)))


@pytest.mark.parametrize("form", [notification, wrapped, through_eventbridge])
@pytest.mark.parametrize("change", [PUT, REMOVED, MARKER], ids=lambda change: change.event)
def test_our_reader_reads_the_very_key(form: Callable[[Change], str], change: Change) -> None:
    (hint,) = read_hints(form(change))

    assert (hint.bucket, hint.key) == ("sources", KEY)
