"""What `pixfleet dlq` prints for a person: what is wrong, and what to type next."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from scripts.pixfleet.dlq.details import Facts
from scripts.pixfleet.dlq.groups import Group, time_to_expiry
from scripts.pixfleet.dlq.queue import SelectionCount
from scripts.pixfleet.dlq.records import Redrive
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.status import RedriveOutcome, RedriveStatus
from scripts.pixfleet.dlq.trial import TrialOutcome, TrialResult
from scripts.pixfleet.stack.dead_letter_scan import Scan
from scripts.pixfleet.stack.dead_letters import NO_CAUSE, UNDELIVERED, DeadLetter
from scripts.pixfleet.terminal.console import Part, Quotation
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.tables import Table, facts, table
from scripts.pixfleet.terminal.text import counted, quoted
from scripts.pixfleet.terminal.times import minute, timestamp

BODY_CHARS = 4_000
CAUSES = {
    NO_CAUSE: "- (the worker crashed)",
    UNDELIVERED: "undelivered (EventBridge could not send it to its queue)",
}


def view_groups(groups: Sequence[Group], scan: Scan) -> Iterable[Part]:
    """Yield the groups, and the commands to type next."""
    if not groups:
        yield f"No dead letters in {scan.queue}."
        return
    total = sum(group.count for group in groups)
    yield f"{counted(total, 'dead letter')} in {scan.queue}"
    rows = [
        (
            group.count,
            CAUSES.get(group.cause, group.cause),
            group.first_sent and minute(group.first_sent),
            group.last_sent and minute(group.last_sent),
            (group.example and group.example.key) or "-",
        )
        for group in groups
    ]
    yield table("count", "cause", "first (UTC)", "last (UTC)", "example", rows=rows)
    left = time_to_expiry(
        groups, retention_seconds=scan.depth.retention_seconds, now=datetime.now(UTC)
    )
    if left is not None:
        hours = max(0, round(left.total_seconds() / 3600))
        yield f"SQS deletes the oldest in {hours} h: its retention period ends."
    yield ""
    yield "Next:"
    for group in groups:
        if group.example:
            command = suggest("dlq show", group.example.id)
            yield f"  {command}   # {quoted(group.cause)}"
    cause = groups[0].cause
    yield f"  {suggest('dlq try', cause=cause)} -n 5"
    yield f"  {suggest('dlq redrive', cause=cause)}"


def view_dead_letter(dead_letter: DeadLetter, source: Facts, entry: Facts) -> Iterable[Part]:
    """Yield the attributes, the source and the ledger entry of a dead letter."""
    yield _attributes(dead_letter)
    if source:
        yield ""
        yield "Source"
        yield facts(source)
    if entry:
        yield ""
        yield "Ledger"
        yield facts(entry)


def next_commands(dead_letter: DeadLetter) -> Iterable[str]:
    """Yield the commands to type after a dead letter was shown."""
    if dead_letter.cause == UNDELIVERED:
        # Why EventBridge may not send is a matter of policies and keys, not of the source.
        yield "  pixfleet doctor"
    yield f"  {suggest('dlq try', id=dead_letter.id)}"
    yield f"  {suggest('dlq redrive', id=dead_letter.id)}"


def view_body(body: str) -> Iterable[Part]:
    """Yield a body, indented if it is JSON, and cut if it would fill the screen."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    yield Quotation(text[:BODY_CHARS])
    if len(text) > BODY_CHARS:
        yield f"… {len(text) - BODY_CHARS:,} characters more: see --json."


def view_trials(results: Sequence[TrialResult], selection: Selection) -> Iterable[Part]:
    """Yield what would happen to each key, and the command to type next."""
    rows = [
        (each.key, _result(each), f"{each.seconds:.2f} s" if each.seconds else "-", each.detail)
        for each in results
    ]
    yield table("key", "result", "render", "detail", rows=rows)
    made = sum(each.outcome is TrialOutcome.MADE for each in results)
    yield ""
    yield f"{made} of {len(results)} would be made. Nothing was written."
    if made:
        yield f"  {selection.command('dlq redrive')}"
    else:
        yield f"  {selection.command('dlq delete')}   # if nobody can repair the sources"


def view_selection(count: SelectionCount) -> Iterable[Part]:
    """Yield how many dead letters of each cause a redrive would send to which lane."""
    rows = [(number, cause) for cause, number in count.causes.most_common()]
    yield table("dead letters", "cause", rows=rows)
    lanes = ", ".join(f"{number:,} to {lane}" for lane, number in count.lanes.most_common())
    yield f"{counted(len(count), 'dead letter')} would be sent back: {lanes}."


def view_status(redrive_id: str, status: RedriveStatus) -> Iterable[Part]:
    """Yield what became of the messages of a redrive, and the commands to type next."""
    examples = status.examples
    rows: list[Sequence[object]] = [(status.fixed, "fixed", "")]
    rows += [
        (count, f"failed again: {cause}", examples.get(cause, ""))
        for cause, count in sorted(status.dead.items(), key=lambda each: -each[1])
    ]
    waiting = RedriveOutcome.WAITING
    rows.append((status.waiting, "still waiting", examples.get(waiting.value, "")))
    yield f"Redrive {quoted(redrive_id)}: {counted(status.total, 'message')}"
    yield table("messages", "outcome", "example", rows=rows)
    if status.waiting:
        yield f"  {suggest('dlq status --watch', redrive_id)}"
    for cause in status.dead:
        yield f"  {suggest('dlq try', cause=cause)}"


def view_redrives(redrives: Sequence[Redrive]) -> Iterable[Part]:
    """Yield all redrives."""
    if not redrives:
        yield "No redrives yet."
        return
    rows = [
        (each.id, "not finished" if each.sent is None else f"{each.sent:,}", each.selection)
        for each in redrives
    ]
    yield table("redrive", "messages", "selection", rows=rows)


def _attributes(dead_letter: DeadLetter) -> Table:
    attributes: Mapping[str, str] = dead_letter.message.attributes
    first: dict[str, object] = {
        "id": dead_letter.id,
        "key": dead_letter.key or "- (its body names no key)",
        "cause": CAUSES.get(dead_letter.cause, dead_letter.cause),
        "detail": dead_letter.detail,
        "sent": dead_letter.sent_at and timestamp(dead_letter.sent_at),
    }
    names = sorted(attributes.keys() - {"key", "cause", "detail"})
    rest = {name: attributes[name] for name in names}
    return facts({name: value for name, value in (first | rest).items() if value})


def _result(result: TrialResult) -> str:
    match result.outcome:
        case TrialOutcome.MADE:
            return f"made: {result.variants} variants, {result.variant_bytes:,} bytes"
        case TrialOutcome.REMOVED:
            return "removed: the source does not exist"
        case TrialOutcome.IGNORED:
            return "ignored: no recipe matches the key"
        case TrialOutcome.UNCLEAR:
            return f"unclear: {result.cause} here, but perhaps not in the worker"
        case TrialOutcome.FAILS:
            return f"fails again: {result.cause}"
