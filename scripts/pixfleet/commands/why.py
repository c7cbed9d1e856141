"""`pixfleet why`: the whole life of one image."""

import time
from math import inf
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.history import Archive, Life
from scripts.pixfleet.image.logs import Log, read_log
from scripts.pixfleet.image.variants import base_url
from scripts.pixfleet.image.view import document, told
from scripts.pixfleet.image.why import Answer, answer
from scripts.pixfleet.stack.buckets import current_fingerprints, objects_of
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.times import span_seconds
from scripts.pixfleet.verify.check import Checker
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.ledger_reader import LedgerReader
from shared.model.state import CurrentRecipes

app = typer.Typer()


@command(app, "why")
def why(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    log: Annotated[str, typer.Option("--log", help="How far back to read the log.")] = "7d",
) -> None:
    """Tell the whole life of one image; exits with 3 if something has to be done about it."""
    now, stack = time.time(), context.stack
    since = now - span_seconds(log, option="--log")
    objects = objects_of(stack, context.clients)
    recipes = deployed_recipes(stack.recipes, objects)
    current = CurrentRecipes(recipes, current_fingerprints(objects))
    archive = Archive(context.clients.s3, stack, Checker(current, objects.head, since=inf))
    entry = LedgerReader(context.clients.dynamodb, stack.ledger_table).of([key])[key]
    life = archive.life(key, entry)
    said = answer(life, recipes, now)
    _tell(context, life, said, read_log(context.clients.logs, stack.log_group, key, since=since))
    if not life.versions and not life.is_there and (near := archive.nearby(key)):
        context.console.note(f"Nearby: {', '.join(near)}")
    if not said.is_well:
        raise typer.Exit(code=FOUND_SOMETHING)


def _tell(context: Context, life: Life, said: Answer, log: Log) -> None:
    base = base_url(context.stack.distribution)
    context.console.result(document(life, said, log, base), *told(life, said, log, base))
