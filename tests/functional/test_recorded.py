"""What other programs read stays as it was recorded: see `tests/support/scenario.py`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.iam.recorder import RECORDER
from tests.support.scenario import record

pytestmark = [pytest.mark.functional, pytest.mark.timeout(300)]

RECORD = Path(__file__).with_name("recorded") / "0.1.json"


@pytest.fixture(name="recorded", scope="module")
def _recorded() -> Any:  # noqa: ANN401 - JSON
    return json.loads(RECORD.read_text())


@pytest.fixture(name="now", scope="module")
def _now() -> Any:  # noqa: ANN401 - JSON
    with RECORDER.command():
        return json.loads(json.dumps(record()))


@pytest.mark.parametrize(
    "part", ["answers", "dead_letters", "events", "ledger", "logs", "objects"]
)
def test_what_the_worker_writes_is_what_was_recorded(recorded: Any, now: Any, part: str) -> None:  # noqa: ANN401 - JSON
    assert now[part] == recorded[part]


@pytest.mark.parametrize("part", ["commands", "commands_afterwards"])
def test_every_command_answers_a_program_as_was_recorded(
    recorded: Any,  # noqa: ANN401 - JSON
    now: Any,  # noqa: ANN401 - JSON
    part: str,
) -> None:
    assert set(now[part]) == set(recorded[part])
    for name, answer in recorded[part].items():
        assert now[part][name] == answer, name
