"""`pixfleet dlq try`: renders the sources of some dead letters of each cause."""

from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import All, Cause, Ids, Prefix, none_match, queue_of
from scripts.pixfleet.dlq.documents import cause_document, trial_document
from scripts.pixfleet.dlq.sampling import by_cause
from scripts.pixfleet.dlq.selection import select
from scripts.pixfleet.dlq.trial import TrialOutcome
from scripts.pixfleet.dlq.trial_view import view_trials
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING

app = typer.Typer()


@command(app, "try")
def try_(
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    ids: Ids = None,
    everything: All = False,
    most: Annotated[
        int, typer.Option("-n", min=1, max=1000, help="At most this many keys of each cause.")
    ] = 5,
) -> None:
    """Render some sources of each cause with this version of Pixfleet; store nothing."""
    selection = select(cause, prefix, ids or (), everything=everything)
    queue = queue_of(context)
    with context.console.progress("reading") as meter:
        samples = queue.sample(selection, most)
    trials = []
    with context.console.progress("rendering") as meter:
        meter.total(sum(len(sample.keys) for sample in samples))
        for trial in queue.trials(samples) if samples else ():
            meter.advance()
            trials.append(trial)
    causes = by_cause(samples, trials)
    context.console.result(
        {
            "trials": [trial_document(trial) for trial in trials],
            "causes": [cause_document(each) for each in causes],
        },
        *(view_trials(causes, selection) if causes else (none_match(selection),)),
    )
    if any(each.count(TrialOutcome.FAILS, TrialOutcome.UNCLEAR) for each in causes):
        raise typer.Exit(code=FOUND_SOMETHING)
