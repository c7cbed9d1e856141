"""The entry point of the `pixfleet` command: its commands, and how errors are printed."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.stack.access import message_and_code
from scripts.pixfleet.terminal.console import Console, print_error
from scripts.pixfleet.terminal.exits import BAD_INPUT, FAILED, INTERRUPTED
from scripts.pixfleet.terminal.text import replace_unencodable_output
from shared.model.errors import Misconfigured, PixfleetError
from shared.model.versions import WORKER_VERSION

# In the order of the help page. Each is a module of scripts/pixfleet/commands with an `app`.
GROUPS = ("recipes", "backfill", "dlq")
COMMANDS: tuple[str, ...] = (
    "status",
    "doctor",
    "drill",
    "plan",
    "why",
    "rejected",
    "show",
    "urls",
    "sign",
    "sync",
    "verify",
    "purge",
)
# Set it to 1 to get a traceback instead of a sentence.
TRACEBACK_VARIABLE = "PIXFLEET_TRACEBACK"
STOPPED = "Stopped."


def build_app(words: Sequence[str] = ()) -> typer.Typer:
    """Return the Typer app of the command.

    If `words` begin with the name of a command, the app has this command only: the imports of all
    commands take a second.
    """
    app = typer.Typer(
        name="pixfleet",
        help="Operate a Pixfleet stack, which makes web variants of the images in a bucket.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    only = words[0] if words and words[0] in (*COMMANDS, *GROUPS) else None
    for name in COMMANDS:
        if only in (None, name):
            app.add_typer(import_module(f"scripts.pixfleet.commands.{name}").app)
    for name in GROUPS:
        if only in (None, name):
            app.add_typer(import_module(f"scripts.pixfleet.commands.{name}").app, name=name)
    return app


def main() -> None:
    """Run the command; print an error as a sentence and exit with a code, without a traceback."""
    replace_unencodable_output()
    sys.exit(_run(sys.argv[1:]))


def _print_version(*, is_set: bool) -> None:
    if is_set:
        Console().result({}, f"pixfleet {WORKER_VERSION}")
        raise typer.Exit


def _root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda value: _print_version(is_set=value),
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Operate a Pixfleet stack, which makes web variants of the images in a bucket."""


def _run(words: Sequence[str]) -> int:
    try:
        # Typer returns the exit code of `typer.Exit` and of Ctrl-C.
        code = int(build_app(words)(list(words), prog_name="pixfleet", standalone_mode=False) or 0)
        lines: Sequence[str] = [STOPPED] if code == INTERRUPTED else ()
        # A closed pipe raises here rather than when the interpreter exits.
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        lines, code = _lines_and_code(error)
    if lines:
        print_error(lines)
    return code


def _lines_and_code(error: BaseException) -> tuple[Sequence[str], int]:
    """Return the lines of the message for an error, which may be none, and the exit code."""
    match error:
        case typer.TyperException():
            return _usage_message(error), BAD_INPUT
        case PixfleetError():
            return _own_lines_and_code(error)
        case ClientError() | BotoCoreError():
            return _one_line(*message_and_code(error))
        case KeyboardInterrupt() | typer.Abort():
            return [STOPPED], INTERRUPTED
        case _:
            hint = f"({TRACEBACK_VARIABLE}=1 shows the traceback.)"
            return [f"{type(error).__name__}: {error} {hint}"], FAILED


def _own_lines_and_code(error: PixfleetError) -> tuple[Sequence[str], int]:
    """Return the message and code of the AWS error that caused it, or else of the error itself."""
    cause = error.__cause__
    if isinstance(cause, ClientError | BotoCoreError):
        return _one_line(*message_and_code(cause))
    if isinstance(error, Misconfigured):
        return error.lines, BAD_INPUT
    return [str(error)], FAILED


def _one_line(message: str, code: int) -> tuple[Sequence[str], int]:
    return [message], code


def _usage_message(error: typer.TyperException) -> Sequence[str]:
    """Return what is wrong with the arguments and which help page to read.

    Nothing if the error itself is the help page.
    """
    message = error.format_message()
    context = getattr(error, "ctx", None)
    page = context.command_path if context else "pixfleet"
    return [f"{message} `{page} --help` describes the options."] if message else ()


if __name__ == "__main__":
    main()
