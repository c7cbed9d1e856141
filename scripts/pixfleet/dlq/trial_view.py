"""What `pixfleet dlq try` prints: the results, and for each cause what they allow."""

from collections.abc import Iterable, Sequence

from scripts.pixfleet.dlq.sampling import CauseTrials, NextStep
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.trial import TrialOutcome, TrialResult
from scripts.pixfleet.stack.causes import RedriveHelps, facts_of
from scripts.pixfleet.terminal.console import Part
from scripts.pixfleet.terminal.tables import table
from scripts.pixfleet.terminal.text import counted, quoted


def view_trials(trials: Sequence[CauseTrials], selection: Selection) -> Iterable[Part]:
    """Yield what would happen to each key, and for each cause the commands to type next."""
    rows = [
        (
            each.key,
            of_cause.cause,
            _result(each, of_cause.cause),
            f"{each.seconds:.2f} s" if each.seconds else "-",
            _detail(each),
        )
        for of_cause in trials
        for each in of_cause.results
    ]
    if rows:
        yield table("key", "cause", "result now", "render", "detail", rows=rows)
        yield ""
    for of_cause in trials:
        yield _summary(of_cause)
        yield from _next(of_cause, selection)
    yield "Nothing was written."


def _summary(of_cause: CauseTrials) -> str:
    tried = len(of_cause.results)
    if not tried:
        return f"{quoted(of_cause.cause)}: nothing to try, because no body names a key."
    made = of_cause.count(TrialOutcome.MADE)
    parts = [f"{made} of {tried} tried would be made"]
    for outcome, words in _WORDS.items():
        if count := of_cause.count(outcome):
            parts.append(f"{count} {words}")
    own = " for the image's own reason" if of_cause.next_step is NextStep.DELETE else ""
    keys = counted(of_cause.total, "key")
    return f"{quoted(of_cause.cause)}, {keys}: {', '.join(parts)}{own}."


def _next(of_cause: CauseTrials, selection: Selection) -> Iterable[str]:
    narrowed = selection.of_cause(of_cause.cause)
    match of_cause.next_step:
        case NextStep.REDRIVE:
            # A trial has neither the worker's permissions nor its computer.
            when = facts_of(of_cause.cause).redrive_helps
            after = "" if when is RedriveHelps.NEVER else f"   # {when}"
            yield f"  {narrowed.command('dlq redrive')}{after}"
        case NextStep.DELETE:
            yield f"  {narrowed.command('dlq delete')}   # if nobody can repair the sources"
        case NextStep.CHECK_STACK:
            yield "  pixfleet doctor"
        case NextStep.LOOK:
            yield f"  {narrowed.command('dlq list')}"


def _result(result: TrialResult, cause: str) -> str:
    """Return the cell of a result: one word where the detail or the cause has the rest."""
    match result.outcome:
        case TrialOutcome.MADE:
            return "made"
        case TrialOutcome.FAILS if result.cause == cause:
            return "fails again"
        case TrialOutcome.FAILS:
            return f"fails: {result.cause}"
        case _:
            return result_now(result)


def _detail(result: TrialResult) -> str:
    if result.outcome is TrialOutcome.MADE:
        return f"{counted(result.variants, 'variant')}, {result.variant_bytes:,} bytes"
    return result.detail


def result_now(result: TrialResult) -> str:
    """Return what would happen to a key now, in words."""
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


_WORDS = {
    TrialOutcome.FAILS: "would fail again",
    TrialOutcome.REMOVED: "would be removed, because the source does not exist",
    TrialOutcome.IGNORED: "would be ignored, because no recipe matches",
    TrialOutcome.UNCLEAR: "unclear",
}
