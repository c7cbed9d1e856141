from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.dead_letter import MAX_ATTRIBUTES, NAMES, DeadLetterAttributes, was_redriven
from shared.model.errors import MAX_DETAIL_CHARS

pytestmark = pytest.mark.unit

FULL = DeadLetterAttributes(
    key="a/b.jpg",
    cause="corrupt",
    stage="render",
    detail="torn",
    source_queue="p-live",
    origin_message_id="m1",
    receive_count="1",
    worker_version="0.1.0",
    request_id="r1",
    redrive_id="20260101-000000-aaaa",
)


def test_a_dead_letter_has_the_attributes_that_operators_know_in_their_order() -> None:
    assert NAMES == (
        "key",
        "cause",
        "stage",
        "detail",
        "source_queue",
        "origin_message_id",
        "receive_count",
        "worker_version",
        "request_id",
        "redrive_id",
    )
    assert tuple(FULL.encode()) == NAMES


def test_the_attributes_are_no_more_than_sqs_allows() -> None:
    assert len(NAMES) <= MAX_ATTRIBUTES


def test_empty_attributes_are_not_sent() -> None:
    assert DeadLetterAttributes(cause="corrupt", key="").encode() == {"cause": "corrupt"}


@given(st.text())
def test_no_attribute_has_a_character_that_sqs_refuses(text: str) -> None:
    sent = replace(FULL, key=text, detail=text).encode()

    assert all(value.isprintable() for value in sent.values())
    assert all(sent.values())


def test_a_long_detail_is_cut() -> None:
    sent = replace(FULL, detail="x" * (MAX_DETAIL_CHARS + 1)).encode()

    assert sent["detail"] == "x" * MAX_DETAIL_CHARS


def test_a_received_dead_letter_has_the_attributes_that_were_sent() -> None:
    assert DeadLetterAttributes.parse(FULL.encode()) == FULL


def test_attributes_of_other_senders_are_ignored() -> None:
    assert DeadLetterAttributes.parse({"trace": "x"}) == DeadLetterAttributes()


def test_the_minimal_attributes_are_cause_stage_and_redrive() -> None:
    assert FULL.encode_minimal() == {
        "cause": "corrupt",
        "stage": "render",
        "redrive_id": "20260101-000000-aaaa",
    }


@pytest.mark.parametrize(
    ("attributes", "redriven"),
    [
        ({}, False),
        ({"key": "a"}, False),
        ({"cause": "corrupt"}, True),
        ({"redrive_id": "x"}, True),
    ],
    ids=["plain message", "foreign attribute", "moved by the worker", "moved by SQS, redriven"],
)
def test_only_a_message_from_the_dead_letter_queue_was_redriven(
    attributes: dict[str, str],
    redriven: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert was_redriven(attributes) is redriven
