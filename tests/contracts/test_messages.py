"""Which messages SQS accepts."""

import pytest
from botocore.exceptions import ClientError

from tests.contracts.engines import Engine
from tests.contracts.messages import received, send
from tests.contracts.refused import refused

MEBIBYTE = 1_048_576


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe"], ids=ascii)
def test_a_body_with_an_illegal_character_is_refused(engine: Engine, character: str) -> None:
    queue = engine.queue()

    with refused("InvalidMessageContents", 400):
        send(engine, queue, f"a{character}b")


def test_a_body_with_every_kind_of_legal_character_arrives(engine: Engine) -> None:
    queue = engine.queue()
    body = "\t\n\r \x7f\x85é\ud7ff\ue000\ufffd😀"

    send(engine, queue, body)

    assert received(engine, queue)["Body"] == body


def test_an_attribute_with_an_illegal_character_is_refused(engine: Engine) -> None:
    queue = engine.queue()

    with pytest.raises(ClientError) as caught:
        send(engine, queue, detail="a\x0bb")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_empty_attribute_is_refused(engine: Engine) -> None:
    queue = engine.queue()

    with refused("InvalidParameterValue", 400):
        send(engine, queue, detail="")


def test_an_empty_body_is_refused(engine: Engine) -> None:
    queue = engine.queue()

    with pytest.raises(ClientError) as caught:
        send(engine, queue, "")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_message_has_at_most_ten_attributes(engine: Engine) -> None:
    queue = engine.queue()

    send(engine, queue, **{f"a{at}": "x" for at in range(10)})

    with refused("InvalidParameterValue", 400):
        send(engine, queue, **{f"a{at}": "x" for at in range(11)})


def test_a_message_has_at_most_a_mebibyte(engine: Engine) -> None:
    queue = engine.queue()

    send(engine, queue, "x" * MEBIBYTE)

    with refused("InvalidParameterValue", 400):
        send(engine, queue, "x" * (MEBIBYTE + 1))


def test_attributes_count_for_the_size_of_a_message(engine: Engine) -> None:
    queue = engine.queue()

    with refused("InvalidParameterValue", 400):
        send(engine, queue, "x" * MEBIBYTE, cause="corrupt")
