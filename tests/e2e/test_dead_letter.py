import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.events.body import read_hints
from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.processes import Runner
from tests.e2e.waiting import wait_for
from tests.support.images import jpeg, truncated_jpeg

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

pytestmark = pytest.mark.e2e

CORRUPT = "holiday/half of it.jpg"
GOOD = tuple(f"holiday/{number}.jpg" for number in range(4))


def test_a_truncated_image_among_good_ones_becomes_the_one_dead_letter(
    fleet: Fleet, runner_log: Path
) -> None:
    good = {key: fleet.put(key, jpeg(seed=at)) for at, key in enumerate(GOOD)}
    fleet.put(CORRUPT, truncated_jpeg())
    original = wait_for("the corrupt image's message", lambda: message_about(CORRUPT, fleet))

    with Runner(fleet.stack, runner_log):
        fleet.wait_until_published(good)
        fleet.wait_until_quiet()

    (dead_letter,) = fleet.dead_letters()
    attributes = {
        name: value.get("StringValue", "")
        for name, value in dead_letter["MessageAttributes"].items()
    }
    received_before = int(original["Attributes"]["ApproximateReceiveCount"])
    assert dead_letter["Body"] == original["Body"]
    assert attributes["cause"] == "truncated"
    assert attributes["stage"]
    assert attributes["detail"]
    assert attributes["worker_version"]
    assert attributes["source_queue"] == fleet.stack.live_queue
    assert attributes["origin_message_id"] == original["MessageId"]
    assert attributes["receive_count"] == str(received_before + 1)
    assert fleet.ledger(CORRUPT)["status"] == "rejected"
    assert fleet.ledger(CORRUPT)["cause"] == "truncated"
    assert fleet.stored_keys() == keys_stored_for(GOOD)


def message_about(key: str, fleet: Fleet) -> "MessageTypeDef | None":
    """Look at the live queue and leave everything there."""
    for message in fleet.receive(fleet.stack.live_queue, hidden_for_seconds=0):
        body = message["Body"]
        if "Records" in json.loads(body) and [hint.key for hint in read_hints(body)] == [key]:
            return message
    return None
