"""`pixfleet why`: the history of one image, and why it is in its state."""

import time
from math import inf
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.history import HistoryReader
from scripts.pixfleet.image.history_view import document, view
from scripts.pixfleet.image.logs import read_log
from scripts.pixfleet.image.variants import base_url
from scripts.pixfleet.image.why import explain
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.stack_recipes import current_recipes
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.times import span_seconds
from scripts.pixfleet.verify.check import Checker
from shared.cloud.ledger_reader import LedgerReader

app = typer.Typer()


@command(app, "why")
def why(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    log: Annotated[str, typer.Option("--log", help="How far back to read the log.")] = "7d",
) -> None:
    """Explain the state of one image; exits with 3 if something has to be done about it."""
    now, stack, clients = time.time(), context.stack, context.clients
    since = now - span_seconds(log, option="--log")
    objects = objects_of(stack, clients)
    recipes = current_recipes(stack, objects)
    checker = Checker(recipes, objects.head, objects.stored_version, since=inf)
    reader = HistoryReader(clients.s3, stack, checker)
    entry = LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table).of([key])[key]
    history = reader.read(key, entry)
    explanation = explain(history, recipes.recipe_set, now)
    lines = read_log(clients.logs, stack.log_group, key, since=since)
    base = base_url(stack.distribution)
    context.console.result(
        document(history, explanation, lines, base), *view(history, explanation, lines, base)
    )
    if not history.versions and not history.source_exists and (nearby := reader.nearby(key)):
        context.console.note(f"Keys in the same folder: {', '.join(nearby)}")
    if not explanation.is_well:
        raise typer.Exit(code=FOUND_SOMETHING)
