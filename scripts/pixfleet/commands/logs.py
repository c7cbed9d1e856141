"""`pixfleet logs`: the workers' log lines about one key, also live."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.log_follower import LogFollower
from scripts.pixfleet.image.logs import LogLine
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FAILED
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import quoted
from scripts.pixfleet.terminal.times import span_seconds, timestamp
from shared.model.errors import Misconfigured

app = typer.Typer()


@command(app, "logs")
def logs(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with new lines until Ctrl-C.")
    ] = False,
    since: Annotated[str, typer.Option("--since", help="How far back to begin.")] = "1h",
    every: Annotated[
        float, typer.Option("--every", min=1.0, help="Seconds between two looks.")
    ] = 2.0,
) -> None:
    """Print the log lines about one image, the oldest first; with --follow, also new ones."""
    stack, console = context.stack, context.console
    begin = time.time() - span_seconds(since, option="--since")
    if not stack.log_groups:
        raise Misconfigured(
            "This stack has no log group", ["expected a worker on Lambda: this one logs to stdout"]
        )
    # Each size of the worker's function has a group of its own.
    followers = [
        LogFollower(context.clients.logs, group, key, begin) for group in stack.log_groups
    ]
    printed, trouble = _print_new(followers, console)
    while follow:
        time.sleep(every)
        _, trouble = _print_new(followers, console, known_trouble=trouble)
    if trouble:
        raise typer.Exit(code=FAILED)
    if not printed:
        console.note(
            f"No line about {quoted(key)} in the last {since}. A worker's lines arrive some "
            f"seconds late; `{suggest('why', key)}` looks further back."
        )


def _print_new(
    followers: Sequence[LogFollower], console: Console, *, known_trouble: str = ""
) -> tuple[int, str]:
    """Print the new lines, and the trouble unless it is known; return their number and it."""
    printed = 0
    for follower in followers:
        for line in follower.look():
            console.line(asdict(line), _text(line))
            printed += 1
    trouble = next((each.trouble for each in followers if each.trouble), "")
    if trouble and trouble != known_trouble:
        console.note(f"The log could not be read: {trouble}")
    return printed, trouble


def _text(line: LogLine) -> str:
    facts = [f"{name}={value}" for name, value in line.facts.items()]
    times = [
        f"{name.removesuffix('_seconds')}={value:.2f}s" for name, value in line.timings.items()
    ]
    return "  ".join((timestamp(line.at), line.event, " ".join((*facts, *times))))
