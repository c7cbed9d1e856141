"""What a person is shown of dead letters: what is wrong, and what to type next."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from shlex import quote

from rich.table import Table

from scripts.pixfleet.dlq.groups import Group, soonest_end
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.status import Receipts, State
from scripts.pixfleet.dlq.trial import MADE, Trial
from scripts.pixfleet.stack.dead_letter_scan import Scan
from scripts.pixfleet.stack.dead_letters import NO_CAUSE, DeadLetter
from scripts.pixfleet.terminal.console import facts, table
from scripts.pixfleet.terminal.text import counted, printable
from scripts.pixfleet.terminal.times import minute, timestamp

BODY_CHARS = 4_000
WORDS = {NO_CAUSE: "- (its worker died)"}


def groups_shown(groups: Sequence[Group], sweep: Scan) -> Iterable[Table | str]:
    """Yield the groups, and the commands that come next."""
    if not groups:
        yield f"No dead letters in {sweep.queue}."
        return
    total = sum(group.count for group in groups)
    yield f"{counted(total, 'dead letter')} in {sweep.queue}"
    rows = [
        (
            group.count,
            WORDS.get(group.cause, group.cause),
            group.first_seen and minute(group.first_seen),
            group.last_seen and minute(group.last_seen),
            (group.example and group.example.key) or "-",
        )
        for group in groups
    ]
    yield table("count", "cause", "first (UTC)", "last (UTC)", "example", rows=rows)
    left = soonest_end(
        groups, retention_seconds=sweep.depth.retention_seconds, now=datetime.now(UTC)
    )
    if left is not None:
        hours = max(0, round(left.total_seconds() / 3600))
        yield f"The oldest is dropped by its queue in {hours} h."
    largest = groups[0]
    yield ""
    yield "What next:"
    for group in groups:
        if group.example:
            yield f"  pixfleet dlq show {group.example.id}   # {printable(group.cause)}"
    cause = quote(largest.cause)
    yield f"  pixfleet dlq try --cause {cause} -n 5"
    yield f"  pixfleet dlq redrive --cause {cause}"


def body_shown(body: str) -> str:
    """Return a body as it can be read; a very long one would push all else off the screen."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    if len(text) <= BODY_CHARS:
        return text
    return f"{text[:BODY_CHARS]}\n… {len(text) - BODY_CHARS:,} characters more: --json has them."


def letter_shown(letter: DeadLetter) -> Table:
    """Return what the letter says of itself."""
    said = letter.message.attributes
    named: dict[str, object] = {
        "id": letter.id,
        "key": letter.key or "- (its body names none)",
        "cause": WORDS.get(letter.cause, letter.cause),
        "detail": said.get("detail"),
        "died": letter.sent_at and timestamp(letter.sent_at),
    }
    rest = {name: said[name] for name in sorted(said) if name not in {"key", "cause", "detail"}}
    return facts({name: value for name, value in (named | rest).items() if value})


def trials_shown(trials: Sequence[Trial], selection: Selection) -> Iterable[Table | str]:
    """Yield what would happen to each key."""
    rows = [
        (each.key, _would(each), f"{each.seconds:.2f} s" if each.seconds else "-", each.detail)
        for each in trials
    ]
    yield table("key", "would be", "render", "detail", rows=rows)
    good = sum(each.would == MADE for each in trials)
    yield ""
    yield f"{good} of {len(trials)} would be made. Nothing was written."
    if good:
        yield f"  pixfleet dlq redrive {selection.options()}"
    if not good:
        yield f"  pixfleet dlq drop {selection.options()}   # what cannot be mended"


def receipts_shown(redrive_id: str, receipts: Receipts) -> Iterable[Table | str]:
    """Yield what became of a redrive's letters, and the commands that come next."""
    examples = receipts.examples
    rows: list[Sequence[object]] = [(receipts.fixed, "fixed", "")]
    rows += [
        (count, f"dead again: {cause}", examples.get(cause, ""))
        for cause, count in sorted(receipts.dead.items(), key=lambda each: -each[1])
    ]
    rows.append((receipts.waiting, "still waiting", examples.get(State.WAITING.value, "")))
    yield f"Redrive {redrive_id}: {counted(receipts.total, 'letter')}"
    yield table("letters", "what became of them", "example", rows=rows)
    if receipts.waiting:
        yield f"  pixfleet dlq receipts {redrive_id} --watch"
    for cause in receipts.dead:
        yield f"  pixfleet dlq try --cause {quote(cause)}"


def receipts_document(redrive_id: str, receipts: Receipts) -> Mapping[str, object]:
    """Return the receipts as JSON has them."""
    return {
        "redrive_id": redrive_id,
        "letters": receipts.total,
        "fixed": receipts.fixed,
        "dead": receipts.dead,
        "waiting": receipts.waiting,
        "examples": receipts.examples,
    }


def _would(trial: Trial) -> str:
    if trial.would == MADE:
        return f"made: {trial.variants} variants, {trial.variant_bytes:,} bytes"
    words = {
        "removed": "removed: no source is there",
        "ignored": "ignored: no recipe is for it",
        "unclear": f"unclear from here: {trial.cause}",
    }
    return words.get(trial.would, f"dead again: {trial.cause}")
