"""The `pixfleet` command: what a person types to look at a fleet or at what it is told to do."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.stack.access import sentence
from scripts.pixfleet.terminal.exits import BAD_INPUT, FAILED, INTERRUPTED
from scripts.pixfleet.terminal.text import printable, replace_unencodable_output
from shared.model.errors import Misconfigured, PixfleetError
from shared.model.versions import WORKER_VERSION

# In the order of the help page; each is a file of scripts/pixfleet/commands with an `app`.
GROUPS = ("recipes", "backfill", "dlq")
COMMANDS: tuple[str, ...] = (
    "status",
    "doctor",
    "drill",
    "plan",
    "why",
    "show",
    "urls",
    "sign",
    "verify",
)
# For whoever mends what nobody foresaw; a person on call has no use for a traceback.
TRACEBACK = "PIXFLEET_TRACEBACK"
STOPPED = "Stopped."


def build_app(words: Sequence[str] = ()) -> typer.Typer:
    """Return the command with all that it can do.

    If `words` begin with what is one of its commands, with that alone: the others' imports take a
    second, which nobody would wait for gladly.
    """
    app = typer.Typer(
        name="pixfleet",
        help="Every web variant of every image in a bucket.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing_by_itself)
    asked = words[0] if words and words[0] in (*COMMANDS, *GROUPS) else None
    for name in COMMANDS:
        if asked in (None, name):
            app.add_typer(import_module(f"scripts.pixfleet.commands.{name}").app)
    for name in GROUPS:
        if asked in (None, name):
            app.add_typer(import_module(f"scripts.pixfleet.commands.{name}").app, name=name)
    return app


def main() -> None:
    """Run the command; whatever goes wrong ends with a sentence and a code, never a traceback."""
    replace_unencodable_output()
    sys.exit(_run(sys.argv[1:]))


def _tell_version(*, is_asked: bool) -> None:
    if is_asked:
        print(f"pixfleet {WORKER_VERSION}")
        raise typer.Exit


def _nothing_by_itself(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda asked: _tell_version(is_asked=asked),
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Every web variant of every image in a bucket."""


def _run(words: Sequence[str]) -> int:
    try:
        # Typer answers `typer.Exit` and Ctrl-C by a code.
        code = int(build_app(words)(list(words), prog_name="pixfleet", standalone_mode=False) or 0)
        told = STOPPED if code == INTERRUPTED else ""
        # A reader that has gone shows here, and not when the interpreter ends.
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (Exception, KeyboardInterrupt) as trouble:
        if os.environ.get(TRACEBACK):
            raise
        told, code = _told(trouble)
    if told:
        # AWS and files tell in strangers' words.
        print("\n".join(map(printable, told.split("\n"))), file=sys.stderr)
    return code


def _told(trouble: BaseException) -> tuple[str, int]:
    """Return the sentence for what ended a command, empty if nothing is to say, and its code."""
    match trouble:
        case typer.TyperException():
            return _with_help(trouble), BAD_INPUT
        case PixfleetError():
            return _of_ours(trouble)
        case ClientError() | BotoCoreError():
            return sentence(trouble)
        case KeyboardInterrupt() | typer.Abort():
            return STOPPED, INTERRUPTED
        case _:
            return f"{type(trouble).__name__}: {trouble} ({TRACEBACK}=1 shows where.)", FAILED


def _of_ours(problem: PixfleetError) -> tuple[str, int]:
    """Return what to tell of an error of ours, in AWS's words where AWS is behind it."""
    behind = problem.__cause__
    if isinstance(behind, ClientError | BotoCoreError):
        return sentence(behind)
    return str(problem), BAD_INPUT if isinstance(problem, Misconfigured) else FAILED


def _with_help(mistake: typer.TyperException) -> str:
    """Return what was typed wrongly and where it is explained; nothing if help was shown."""
    told = mistake.format_message()
    context = getattr(mistake, "ctx", None)
    page = context.command_path if context else "pixfleet"
    return f"{told} `{page} --help` says what it takes." if told else ""


if __name__ == "__main__":
    main()
