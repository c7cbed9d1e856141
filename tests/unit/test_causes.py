"""Every cause names who can fix it, and a redrive is offered only where it can help."""

import re
from pathlib import Path

import pytest

from scripts.pixfleet.stack.causes import CAUSES, FixedBy, RedriveHelps, facts_of
from scripts.pixfleet.stack.dead_letters import UNATTACHED
from scripts.pixfleet.stack.drill_keys import drill_prefix, is_of_drill
from shared.model.errors import Cause, Outside, Permanent, PoisonSuspect

pytestmark = pytest.mark.unit

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def test_every_cause_is_known() -> None:
    assert set(CAUSES) == {*Cause, *UNATTACHED}


@pytest.mark.parametrize("kind", Outside.__subclasses__(), ids=lambda kind: kind.cause)
def test_what_every_image_meets_is_nobodys_picture_and_comes_first(kind: type[Outside]) -> None:
    facts = facts_of(kind.cause)

    assert facts.fixed_by is not FixedBy.OWNER
    assert facts.redrive_helps is not RedriveHelps.NEVER
    assert facts.rank == 0


@pytest.mark.parametrize("kind", Permanent.__subclasses__(), ids=lambda kind: kind.cause)
def test_the_same_bytes_do_not_recover_by_themselves(kind: type[Permanent]) -> None:
    assert facts_of(kind.cause).redrive_helps is not RedriveHelps.WHEN_OVER


@pytest.mark.parametrize("kind", PoisonSuspect.__subclasses__(), ids=lambda kind: kind.cause)
def test_a_crash_of_a_render_child_is_never_the_images_own_reason(
    kind: type[PoisonSuspect],
) -> None:
    assert not facts_of(kind.cause).is_of_source


def test_a_cause_of_a_later_version_is_ours() -> None:
    facts = facts_of("invented later")

    assert (facts.fixed_by, facts.is_of_source) == (FixedBy.OPERATOR, False)


@pytest.mark.parametrize("fixed_by", FixedBy)
def test_the_runbook_says_who_can_fix_a_cause(fixed_by: FixedBy) -> None:
    (row,) = re.findall(rf"^\| {fixed_by} \|(.*)\|.*\|$", RUNBOOK.read_text("utf-8"), re.MULTILINE)

    named = {cause for cause, facts in CAUSES.items() if facts.fixed_by is fixed_by}
    assert set(re.findall(r"`([^`]+)`", row)) == named


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("_drill/", "_drill/1a/"),
        ("_drill", "_drill/1a/"),
        ("photos", "photos/_drill/1a/"),
        ("photos/_drill/x/", "photos/_drill/x/1a/"),
        ("my_drill/", "my_drill/_drill/1a/"),
    ],
)
def test_the_keys_of_a_drill_are_recognised(prefix: str, expected: str) -> None:
    assert drill_prefix(prefix, "1a") == expected
    assert is_of_drill(f"{expected}good.png")


@pytest.mark.parametrize("key", ["my_drill/a.jpg", "a_drill/b", "_drills/a", "drill/a", ""])
def test_other_keys_are_not_taken_for_those_of_a_drill(key: str) -> None:
    assert not is_of_drill(key)
