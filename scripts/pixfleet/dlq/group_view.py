"""What `pixfleet dlq groups` prints: who can fix each cause, and what to type next."""

from collections.abc import Iterable, Sequence

from scripts.pixfleet.dlq.groups import Group, Groups
from scripts.pixfleet.dlq.view import CAUSES
from scripts.pixfleet.stack.causes import FixedBy, RedriveHelps
from scripts.pixfleet.stack.drill_keys import DRILL_FOLDER
from scripts.pixfleet.terminal.console import Part
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.tables import table
from scripts.pixfleet.terminal.text import counted, quoted
from scripts.pixfleet.terminal.times import minute


def view_groups(found: Groups) -> Iterable[Part]:
    """Yield the groups, and the commands to type next."""
    queue = found.coverage.queue
    if not found.groups:
        yield _nothing(found)
    else:
        yield f"{counted(found.total, 'dead letter')} in {queue}"
        yield _table(found)
    if found.of_drills:
        yield (
            f"{found.of_drills:,} more of drills. A drill deletes its own, unless it was killed; "
            "then type:"
        )
        yield f"  {suggest('dlq delete', prefix=DRILL_FOLDER)}"
    if found.expires_in is not None:
        hours = max(0, round(found.expires_in.total_seconds() / 3600))
        yield f"SQS deletes the oldest in {hours} h: its retention period ends."
    if found.groups:
        yield ""
        yield "Next:"
        yield from _first_steps(found.groups)
        for group in found.groups:
            yield from _next(group)


def _nothing(found: Groups) -> str:
    coverage = found.coverage
    if coverage.is_complete:
        return f"No dead letters in {coverage.queue}."
    return f"No dead letter of {coverage.queue} could be read, but it is not known to be empty."


def _table(found: Groups) -> Part:
    rows = [
        (
            group.count,
            CAUSES.get(group.cause, group.cause),
            group.facts.fixed_by.value,
            group.last_sent and minute(group.last_sent),
            (group.example and group.example.key) or "-",
        )
        for group in found.groups
    ]
    return table("count", "cause", "fixed by", "last (UTC)", "example", rows=rows)


def _first_steps(groups: Sequence[Group]) -> Iterable[str]:
    """Yield the commands that look at all of the causes, or at the only one."""
    if any(_needs_doctor(group) for group in groups):
        yield "  pixfleet doctor"
    one = (
        suggest("dlq try", cause=groups[0].cause) if len(groups) == 1 else "pixfleet dlq try --all"
    )
    yield f"  {one} -n 5"


def _needs_doctor(group: Group) -> bool:
    facts = group.facts
    return facts.is_outside and facts.redrive_helps is RedriveHelps.AFTER_A_CHANGE


def _next(group: Group) -> Iterable[str]:
    """Yield the commands for one group: a redrive only where it can help."""
    facts, cause = group.facts, group.cause
    yield f"{quoted(cause)}, fixed by: {facts.fixed_by}"
    if group.example:
        yield f"  {suggest('dlq show', group.example.id)}"
    if facts.fixed_by is FixedBy.OWNER:
        yield f"  {suggest('dlq list --csv', cause=cause)}   # for the owner"
    elif facts.redrive_helps is not RedriveHelps.NEVER:
        yield f"  {suggest('dlq redrive', cause=cause)}   # {facts.redrive_helps}"
