"""What `pixfleet dlq` prints for a person: what is wrong, and what to type next."""

import json
from collections.abc import Iterable, Mapping, Sequence

from scripts.pixfleet.dlq.details import Facts
from scripts.pixfleet.dlq.queue import SelectionCount
from scripts.pixfleet.dlq.records import Redrive
from scripts.pixfleet.dlq.status import RedriveOutcome, RedriveStatus
from scripts.pixfleet.stack.causes import RedriveHelps, facts_of
from scripts.pixfleet.stack.dead_letter_scan import Coverage
from scripts.pixfleet.stack.dead_letters import NO_CAUSE, UNDELIVERED, DeadLetter
from scripts.pixfleet.terminal.console import Part, Quotation
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.tables import Table, facts, table
from scripts.pixfleet.terminal.text import counted, named_keys, quoted
from scripts.pixfleet.terminal.times import timestamp

BODY_CHARS = 4_000
CAUSES = {
    NO_CAUSE: "- (the worker crashed)",
    UNDELIVERED: "undelivered (EventBridge could not send it to its queue)",
}


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
    facts = facts_of(dead_letter.cause)
    if facts.is_outside and facts.redrive_helps is RedriveHelps.AFTER_A_CHANGE:
        # What every image meets is a matter of policies and the deployment, not of the source.
        yield "  pixfleet doctor"
    yield f"  {suggest('dlq try', id=dead_letter.id)}"
    if facts.redrive_helps is not RedriveHelps.NEVER:
        yield f"  {suggest('dlq redrive', id=dead_letter.id)}   # {facts.redrive_helps.value}"


def view_body(body: str) -> Iterable[Part]:
    """Yield a body, indented if it is JSON, and cut if it would fill the screen."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    yield Quotation(text[:BODY_CHARS])
    if len(text) > BODY_CHARS:
        yield f"… {len(text) - BODY_CHARS:,} characters more: see --json."


def view_selection(count: SelectionCount) -> Iterable[Part]:
    """Yield how many dead letters of each cause a redrive would send to which lane, and keys."""
    rows = [
        (number, CAUSES.get(cause, cause), facts_of(cause).redrive_helps.value)
        for cause, number in count.causes.most_common()
    ]
    yield table("dead letters", "cause", "a redrive helps", rows=rows)
    yield from named_keys(count.keys)
    lanes = ", ".join(f"{number:,} to {lane}" for lane, number in count.lanes.most_common())
    yield f"{counted(len(count), 'dead letter')} would be sent back: {lanes}."


def view_deletion(count: SelectionCount) -> Iterable[Part]:
    """Yield how many dead letters of each cause would be deleted, and their keys."""
    rows = [(number, CAUSES.get(cause, cause)) for cause, number in count.causes.most_common()]
    yield table("dead letters", "cause", rows=rows)
    yield from named_keys(count.keys)
    yield f"{counted(len(count), 'dead letter')} would be deleted."


def coverage_note(coverage: Coverage) -> str:
    """Return in a sentence how far a scan has looked that did not read the whole queue."""
    looked = f"Looked at {coverage.read:,} of about {coverage.reported:,} dead letters"
    if coverage.in_flight:
        return (
            f"{looked}: {coverage.in_flight:,} were in flight, because another process has "
            "received them, or was stopped in the last minutes. The same command looks again."
        )
    return f"{looked}: a scan ends at this number or after its time."


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
