"""Decisions about dead letters: their file, and how many dead letters are read for one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.pixfleet.dlq.decisions import Decision, Decisions
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.triage import MAX_DEAD_LETTERS, undecided
from scripts.pixfleet.stack.dead_letters import read_dead_letter
from shared.model.errors import Misconfigured

pytestmark = pytest.mark.unit

STACK = "pixfleet in eu-west-1"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "triage.jsonl"


def open_file(file: Path, *, stack: str = STACK, restart: bool = False) -> Decisions:
    return Decisions.open(file, stack, restart=restart)


def test_a_decision_is_read_again_and_only_by_its_owner(file: Path) -> None:
    decisions = open_file(file)
    decisions.add("one", Decision.RETRY)
    decisions.add("two", Decision.DELETE)
    decisions.add("one", Decision.SKIP)

    assert open_file(file).made == {"one": Decision.SKIP, "two": Decision.DELETE}
    assert file.stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_does_not_take_the_next_one_with_it(file: Path) -> None:
    open_file(file).add("one", Decision.RETRY)
    file.write_bytes(file.read_bytes()[:-5])

    open_file(file).add("two", Decision.DELETE)

    assert open_file(file).made == {"two": Decision.DELETE}


def test_only_skips_are_kept_for_the_next_run(file: Path) -> None:
    decisions = open_file(file)
    decisions.add("one", Decision.RETRY)
    decisions.add("two", Decision.SKIP)

    decisions.forget(keep_skipped=True)

    assert open_file(file).made == decisions.made == {"two": Decision.SKIP}
    decisions.forget(keep_skipped=False)
    assert open_file(file).made == {}


def test_decisions_about_another_stack_are_refused(file: Path) -> None:
    open_file(file).add("one", Decision.DELETE)

    with pytest.raises(Misconfigured, match="another stack"):
        open_file(file, stack="pixfleet in us-east-1")

    assert open_file(file, stack="pixfleet in us-east-1", restart=True).made == {}


def test_a_symbolic_link_is_refused(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(tmp_path / "target")

    with pytest.raises(Misconfigured, match="cannot be used"):
        open_file(file)


def test_of_ten_thousand_dead_letters_only_some_are_read(file: Path) -> None:
    received = 0

    def messages() -> Iterator[object]:
        nonlocal received
        for number in range(10_000):
            received += 1
            raw = {"MessageId": f"id-{number}", "ReceiptHandle": "any", "Body": "any"}
            yield read_dead_letter(raw, "dead")

    class Queue:
        @contextmanager
        def scan(self) -> Iterator[Iterator[object]]:
            yield messages()

    decisions = open_file(file)
    decisions.add("id-0", Decision.SKIP)
    queue: Any = Queue()

    found = undecided(queue, Selection(), decisions)

    assert [each.id for each in found] == [f"id-{n}" for n in range(1, MAX_DEAD_LETTERS + 1)]
    assert received == MAX_DEAD_LETTERS + 1


def test_a_selection_of_many_ids_is_described_by_the_first() -> None:
    selection = Selection(ids=tuple(f"id-{number}" for number in range(1_005)))

    assert selection.description == "id id-0, id-1, id-2, id-3, id-4 and 1,000 more"
