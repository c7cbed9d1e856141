"""What the trials of dead letters allow: never the loss of a picture that could be published."""

from collections.abc import Sequence

import pytest

from scripts.pixfleet.dlq.sampling import CauseTrials, NextStep, sample_causes
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.trial import TrialOutcome, TrialResult
from scripts.pixfleet.dlq.trial_view import view_trials
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.events.sqs import Message

pytestmark = pytest.mark.unit

MADE = TrialResult("a.jpg", TrialOutcome.MADE)
REMOVED = TrialResult("a.jpg", TrialOutcome.REMOVED)
UNCLEAR = TrialResult("a.jpg", TrialOutcome.UNCLEAR, cause="throttled")


def fails(cause: str) -> TrialResult:
    return TrialResult("a.jpg", TrialOutcome.FAILS, cause=cause)


def dead_letter(cause: str, key: str) -> DeadLetter:
    return DeadLetter(Message(key, "handle", "", 1, "", None, {"cause": cause}), (key,))


@pytest.mark.parametrize(
    ("was", "results", "expected"),
    [
        ("truncated", [fails("truncated"), fails("corrupt")], NextStep.DELETE),
        ("truncated", [fails("truncated"), MADE], NextStep.REDRIVE),
        ("truncated", [fails("truncated"), REMOVED], NextStep.REDRIVE),
        ("truncated", [fails("truncated"), UNCLEAR], NextStep.CHECK_STACK),
        ("truncated", [fails("truncated"), fails("decoder_crash")], NextStep.LOOK),
        ("truncated", [], NextStep.LOOK),
        # Others of this cause may be good pictures, whatever those of the sample are.
        ("throttled", [fails("truncated")], NextStep.LOOK),
        ("-", [fails("truncated")], NextStep.LOOK),
        ("decoder_crash", [fails("decoder_crash")], NextStep.LOOK),
        ("bad_message", [], NextStep.LOOK),
        ("invented later", [fails("invented later")], NextStep.LOOK),
    ],
)
def test_dead_letters_are_only_deleted_where_every_picture_fails_for_its_own_reason(
    was: str, results: Sequence[TrialResult], expected: NextStep
) -> None:
    assert CauseTrials(was, 100, results).next_step is expected


def test_every_cause_is_sampled_and_every_key_can_be_drawn() -> None:
    dead_letters = [dead_letter("truncated", f"{at}.jpg") for at in range(200)]
    dead_letters += [dead_letter("throttled", "last.jpg")]

    throttled, truncated = sample_causes(dead_letters, 5, seed=1)

    assert (throttled.keys, throttled.total) == (["last.jpg"], 1)
    assert (len(set(truncated.keys)), truncated.total) == (5, 200)
    drawn = {key for seed in range(40) for key in sample_causes(dead_letters, 5, seed)[1].keys}
    assert len(drawn & {f"{at}.jpg" for at in range(100, 200)}) > 30


def test_no_advice_is_for_all_dead_letters_at_once() -> None:
    trials = [
        CauseTrials("throttled", 5, [MADE]),
        CauseTrials("truncated", 9, [fails("truncated")]),
    ]

    shown = [str(part) for part in view_trials(trials, Selection())]

    assert "  pixfleet dlq redrive --cause throttled   # when it is over" in shown
    assert any(each.startswith("  pixfleet dlq delete --cause truncated") for each in shown)
    assert not any("--all" in each for each in shown)


def test_advice_keeps_to_what_was_selected() -> None:
    shown = [
        str(part)
        for part in view_trials([CauseTrials("truncated", 1, [MADE])], Selection(prefix="cats/"))
    ]

    assert "  pixfleet dlq redrive --cause truncated --prefix cats/" in shown


def test_a_trial_does_not_say_that_the_worker_may_read_a_source_now() -> None:
    shown = [
        str(part) for part in view_trials([CauseTrials("access_denied", 1, [MADE])], Selection())
    ]

    assert "  pixfleet dlq redrive --cause access_denied   # after a change" in shown
