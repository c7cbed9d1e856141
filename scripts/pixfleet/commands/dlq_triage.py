"""`pixfleet dlq triage`: decides about dead letters one by one."""

import sys
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import (
    All,
    Cause,
    Ids,
    Prefix,
    dead_letters,
    none_match,
    queue_of,
)
from scripts.pixfleet.dlq import view
from scripts.pixfleet.dlq.decisions import Decision, Decisions
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.dlq.records import new_redrive_id
from scripts.pixfleet.dlq.selection import select
from scripts.pixfleet.dlq.triage import (
    MAX_DEAD_LETTERS,
    Applied,
    Examiner,
    Shown,
    apply,
    undecided,
)
from scripts.pixfleet.dlq.trial_view import result_now
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.terminal.console import Console, Part
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import counted
from shared.model.errors import Misconfigured

app = typer.Typer()

FILE = Path(".pixfleet/triage.jsonl")
QUESTION = "(r)etry, (d)elete, (s)kip, (o)pen the thumbnail, (q)uit"
DECISIONS: Mapping[str, Decision] = {
    "r": Decision.RETRY,
    "d": Decision.DELETE,
    "s": Decision.SKIP,
}
OPEN, QUIT = "o", "q"


@command(app, "triage")
def triage(  # noqa: PLR0913 - each is an option
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    file: Annotated[Path, typer.Option("--file", help="Where decisions are kept.")] = FILE,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the decisions of an earlier run.")
    ] = False,
) -> None:
    """Decide about dead letters one by one: retry, delete, skip, or open the thumbnail.

    Nothing is sent or deleted before the end, which asks. The same command goes on after Ctrl-C.
    """
    selection = select(cause, prefix, ids or (), everything=everything)
    if not sys.stdin.isatty():
        expected = "expected a terminal for the answers: `pixfleet dlq list` needs none"
        raise Misconfigured("Nothing was decided", [expected])
    queue, console = queue_of(context), context.console
    stack = f"{context.stack.prefix} in {context.stack.region}"
    decisions = Decisions.open(file, stack, restart=restart)
    with console.working("Reading the dead-letter queue"):
        found = undecided(queue, selection, decisions)
    if not found and not decisions.made:
        console.result({**asdict(Applied()), "undecided": 0}, none_match(selection))
        return
    try:
        passed_over = _decide(console, queue, found, decisions)
        is_unfinished = bool(passed_over) or len(found) == MAX_DEAD_LETTERS
        applied = _apply(console, queue, decisions)
        decisions.forget(keep_skipped=is_unfinished)
    except BaseException:
        if decisions.made:
            console.note(f"The decisions are kept in {file}: the same command goes on.")
        raise
    _report(console, applied, passed_over, is_unfinished=is_unfinished)


def _decide(
    console: Console, queue: DeadLetterQueue, found: Sequence[DeadLetter], decisions: Decisions
) -> int:
    """Ask about each; return about how many nothing was decided."""
    console.note(f"{dead_letters(len(found))} to decide, {len(decisions.made)} decided before.")
    if len(found) == MAX_DEAD_LETTERS:
        console.note(f"There may be more than these {MAX_DEAD_LETTERS}: type the command again.")
    with queue.trial_processor() as processor:
        examiner = Examiner(queue.details_reader(), processor)
        for number, dead_letter in enumerate(found):
            with console.working("Rendering it here"):
                shown = examiner.examine(dead_letter)
            console.note("", f"{number + 1} of {len(found)}", *_view(shown))
            if shown.thumbnail:
                console.picture(shown.thumbnail)
            answer = _ask(console, shown)
            if answer is None:
                return len(found) - number
            decisions.add(dead_letter.id, answer)
    return 0


def _ask(console: Console, shown: Shown) -> Decision | None:
    """Return the decision, or None to quit."""
    while True:
        answer = console.choose(QUESTION, (*DECISIONS, OPEN, QUIT))
        if answer != OPEN:
            return DECISIONS.get(answer)
        if not shown.thumbnail:
            console.note(f"There is no thumbnail: {shown.why_no_thumbnail}")
        elif not webbrowser.open(shown.thumbnail.resolve().as_uri()):
            console.note(f"No program opens {shown.thumbnail}")


def _view(shown: Shown) -> Iterator[Part]:
    yield from view.view_dead_letter(shown.dead_letter, shown.source, shown.entry)
    yield ""
    if (keys := len(shown.dead_letter.keys)) > 1:
        yield f"Its body names {keys:,} keys; this is about the one that is shown."
    if shown.thumbnail:
        yield f"Thumbnail: {shown.thumbnail}"
    else:
        yield f"No thumbnail: {shown.why_no_thumbnail}"
    if trial := shown.trial:
        detail = f" ({trial.detail})" if trial.detail else ""
        yield f"Tried here: {result_now(trial)}{detail}"


def _apply(console: Console, queue: DeadLetterQueue, decisions: Decisions) -> Applied:
    retry, delete = decisions.ids(Decision.RETRY), decisions.ids(Decision.DELETE)
    parts = [f"send {dead_letters(len(retry))} back"] if retry else []
    parts += [f"delete {len(delete):,} for good"] if delete else []
    if not parts:
        return Applied()
    console.confirm(f"{' and '.join(parts).capitalize()}?", yes=False)
    copy = Path(f"pixfleet-deleted-{new_redrive_id(queue.clock.now())}.jsonl").absolute()
    with console.working("Sending back and deleting"):
        return apply(queue, decisions, copy)


def _report(console: Console, applied: Applied, passed_over: int, *, is_unfinished: bool) -> None:
    lines = [f"{dead_letters(applied.sent)} sent back, {applied.deleted:,} deleted."]
    if applied.refused:
        lines.append(f"{dead_letters(applied.refused)} could not be sent: {applied.why_refused}")
    if applied.left:
        them = counted(applied.left, "decision")
        lines.append(f"{them} had no effect: another process has received or removed them.")
    if applied.copy:
        lines.append(f"A copy of each deleted message is in {applied.copy}")
    if applied.sent:
        lines.append(f"  {suggest('dlq status --watch', applied.redrive_id)}")
    if passed_over:
        lines.append(f"Nothing was decided about {dead_letters(passed_over)}.")
    console.result({**asdict(applied), "undecided": passed_over}, *lines)
    if applied.refused or applied.left:
        raise typer.Exit(code=FAILED)
    if is_unfinished:
        raise typer.Exit(code=FOUND_SOMETHING)
