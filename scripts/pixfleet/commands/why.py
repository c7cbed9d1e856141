"""`pixfleet why`: the history of one image, and why it is in its state."""

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.answer import read_answer
from scripts.pixfleet.image.history import nearby
from scripts.pixfleet.image.history_view import document, view
from scripts.pixfleet.image.variants import base_url
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.parts import Parts
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING
from scripts.pixfleet.terminal.text import quoted
from scripts.pixfleet.terminal.times import span_seconds

app = typer.Typer()


@command(app, "why")
def why(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    log: Annotated[str, typer.Option("--log", help="How far back to read the log.")] = "7d",
) -> None:
    """Explain the state of one image; exits with 3 if something has to be done about it."""
    now, stack, clients = time.time(), context.stack, context.clients.impatient()
    since = now - span_seconds(log, option="--log")
    base = base_url(stack.distribution)
    with context.console.working(f"Reading the history of {quoted(key)}"):
        answer = read_answer(stack, clients, key, now=now, log_since=since)
    history, explanation, lines = answer.history, answer.explanation, answer.log
    context.console.result(
        document(history, explanation, lines, base), *view(history, explanation, lines, base)
    )
    if not history.versions and not history.missing and (nearby := _nearby(stack, clients, key)):
        context.console.note(f"Keys in the same folder: {', '.join(nearby)}")
    if explanation.is_unknown:
        raise typer.Exit(code=FAILED)
    if not explanation.is_well:
        raise typer.Exit(code=FOUND_SOMETHING)


def _nearby(stack: Stack, clients: AwsClients, key: str) -> Sequence[str]:
    means = "Similar keys are unknown."
    return Parts().read("folder", lambda: nearby(clients.s3, stack, key), (), means=means)
