"""`pixfleet dlq`: why messages failed, whether they would fail again, and how they go back."""

import typer

from scripts.pixfleet.command import renamed_command
from scripts.pixfleet.commands import (
    dlq_delete,
    dlq_groups,
    dlq_list,
    dlq_redrive,
    dlq_show,
    dlq_status,
    dlq_triage,
    dlq_try,
)

app = typer.Typer(
    help="Dead letters: list, try, redrive and delete them.",
    no_args_is_help=True,
)
for part in (
    *(dlq_groups, dlq_list, dlq_show, dlq_try, dlq_triage),
    *(dlq_redrive, dlq_status, dlq_delete),
):
    app.add_typer(part.app)

renamed_command(app, "drop", "pixfleet dlq delete")
renamed_command(app, "receipts", "pixfleet dlq status")
