import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.completion import Change, Completion
from shared.model.errors import MAX_DETAIL_CHARS, Cause
from shared.model.keys import MAX_KEY_BYTES, manifest_key

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
CAT = "cats/🐈.jpg"
CHANGED_AT = datetime(2024, 5, 4, 12, 0, 0, tzinfo=UTC)
HAPPENED_AT = CHANGED_AT - timedelta(seconds=2.75)
# https://www.w3.org/TR/xml/#charsets, as far as ASCII goes: what SQS takes.
XML = re.compile(r"[\t\n\r\x20-\x7f]*")

COMPLETE = Completion(
    event=Change.COMPLETE,
    bucket="photos",
    key=CAT,
    changed_at=CHANGED_AT,
    happened_at=HAPPENED_AT,
    etag="5d41402abc4b2a76b9719d911017c592",
    version="0123456789ab",
    recipe="responsive",
    variants=13,
    variant_bytes=1_204_311,
    manifest=manifest_key(CAT),
)
EXAMPLES: Mapping[Change, Completion] = {
    Change.COMPLETE: COMPLETE,
    Change.REPLACED: replace(COMPLETE, event=Change.REPLACED, version="ba9876543210"),
    Change.REJECTED: Completion(
        event=Change.REJECTED,
        bucket="photos",
        key=CAT,
        changed_at=CHANGED_AT,
        happened_at=HAPPENED_AT,
        etag="5d41402abc4b2a76b9719d911017c592",
        recipe="responsive",
        cause=Cause.TRUNCATED,
        detail="Premature end of JPEG file.",
    ),
    Change.REMOVED: Completion(
        event=Change.REMOVED, bucket="photos", key=CAT, changed_at=CHANGED_AT
    ),
}
LONGEST = 32 * 1024


def read(completion: Completion) -> dict[str, object]:
    document: dict[str, object] = json.loads(completion.document())
    return document


def documented_fields() -> dict[str, str]:
    """Return each field of the page's table and the events that have it."""
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \|", PAGE, re.MULTILINE)
    return dict(rows)


def is_in(event: Change, where: str) -> bool:
    """Return whether a field is in an event, by the table's `all`, `all but …` or names."""
    named = f"`{event}`" in where
    return not named if where.startswith("all") else named


@pytest.mark.parametrize("event", Change)
def test_the_page_shows_what_the_code_makes(event: Change) -> None:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]

    (shown,) = (block for block in blocks if block["event"] == event)

    assert list(shown.items()) == list(read(EXAMPLES[event]).items())


@pytest.mark.parametrize("event", Change)
def test_the_table_knows_the_fields_of_each_event(event: Change) -> None:
    forwarded_from = None if event is Change.REMOVED else "live"
    completion = replace(EXAMPLES[event], happened_at=HAPPENED_AT, forwarded_from=forwarded_from)

    fields = [name for name, where in documented_fields().items() if is_in(event, where)]

    assert list(read(completion)) == fields


def test_the_page_explains_every_event() -> None:
    assert {event for event in Change if f"| `{event}` |" not in PAGE} == set()


@given(st.text(), st.text())
def test_any_key_and_any_detail_are_read_as_they_were_written(key: str, detail: str) -> None:
    completion = replace(EXAMPLES[Change.REJECTED], key=key, detail=detail)

    document = completion.document()

    assert XML.fullmatch(document)
    assert json.loads(document)["key"] == key
    assert json.loads(document)["detail"] == detail[:MAX_DETAIL_CHARS]


def test_half_of_a_surrogate_pair_does_not_fail() -> None:
    completion = replace(COMPLETE, key="\ud800.jpg")

    assert XML.fullmatch(completion.document())
    assert read(completion)["key"] == "\ud800.jpg"


def test_the_longest_document_is_far_below_the_limit_of_sns() -> None:
    key = "\x01" * MAX_KEY_BYTES
    longest = replace(
        COMPLETE, key=key, manifest=key, cause=Cause.CORRUPT, detail="🐈" * 10_000, recipe="r" * 64
    )

    assert len(longest.document()) < LONGEST


@pytest.mark.parametrize("event", Change)
def test_nothing_is_ever_null(event: Change) -> None:
    bare = Completion(event=event, bucket="photos", key="a.jpg", changed_at=CHANGED_AT)

    assert set(read(bare)) == {"schema", "id", "event", "bucket", "key", "changed_at"}


def test_a_zero_is_written_and_not_omitted() -> None:
    instant = replace(COMPLETE, happened_at=CHANGED_AT, variants=0)

    assert (read(instant)["complete_seconds"], read(instant)["variants"]) == (0.0, 0)


def test_the_same_change_has_the_same_id_in_every_message() -> None:
    again = replace(COMPLETE, happened_at=None, variant_bytes=None)

    assert again.id == COMPLETE.id


@pytest.mark.parametrize(
    "other",
    [
        replace(COMPLETE, event=Change.REPLACED),
        replace(COMPLETE, key="other.jpg"),
        replace(COMPLETE, bucket="other"),
        replace(COMPLETE, etag="other"),
        replace(COMPLETE, version="other"),
        replace(COMPLETE, changed_at=CHANGED_AT + timedelta(milliseconds=1)),
        replace(COMPLETE, bucket="photosc", key=CAT[1:]),
    ],
    ids=[
        "event",
        "key",
        "bucket",
        "etag",
        "version",
        "going back to it later",
        "a shifted border",
    ],
)
def test_another_change_has_another_id(other: Completion) -> None:
    assert other.id != COMPLETE.id


def test_an_id_is_the_same_in_every_process_and_release() -> None:
    assert COMPLETE.id == read(COMPLETE)["id"] == "82b1c2a18649e4a1943be37ef6b03c1d"


def test_times_are_in_utc() -> None:
    eastern = timezone(timedelta(hours=-5))
    elsewhere = replace(
        COMPLETE,
        changed_at=CHANGED_AT.astimezone(eastern),
        happened_at=HAPPENED_AT.astimezone(eastern),
    )

    assert elsewhere.document() == COMPLETE.document()


def test_clocks_that_differ_do_not_make_a_negative_time() -> None:
    early = replace(COMPLETE, happened_at=CHANGED_AT + timedelta(seconds=3))

    assert early.complete_seconds == 0


@pytest.mark.parametrize("event", [Change.REJECTED, Change.REMOVED])
def test_only_a_complete_set_has_complete_seconds(event: Change) -> None:
    forwarded_from = None if event is Change.REMOVED else "live"
    completion = replace(EXAMPLES[event], happened_at=HAPPENED_AT, forwarded_from=forwarded_from)

    assert completion.complete_seconds is None


@pytest.mark.parametrize(
    ("event", "attributes"),
    [
        (Change.COMPLETE, {"event": "complete", "recipe": "responsive"}),
        (
            Change.REJECTED,
            {"event": "rejected", "recipe": "responsive", "cause": "truncated"},
        ),
        (Change.REMOVED, {"event": "removed"}),
    ],
)
def test_subscribers_can_filter_by_the_attributes_that_are_set(
    event: Change, attributes: Mapping[str, str]
) -> None:
    assert EXAMPLES[event].attributes == attributes


def test_the_page_filters_by_existing_attributes() -> None:
    (policy,) = re.findall(r"filter policy.*?```text\n(.*?)```", PAGE, re.DOTALL)

    chosen = json.loads(policy)

    assert chosen["event"] == [Change.REJECTED]
    assert set(chosen) <= set(EXAMPLES[Change.REJECTED].attributes)
    assert set(chosen["cause"]) <= set(Cause)
