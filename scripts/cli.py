"""The `pixfleet` command: what a person types to look at a fleet or at what it is told to do."""

import os
import sys
from importlib import import_module

import typer
from botocore.exceptions import BotoCoreError, ClientError

from scripts.operator.refusals import BAD_INPUT, FAILED, INTERRUPTED, sentence
from scripts.output import show_what_can_be_shown
from shared.model.errors import Misconfigured, PixfleetError

# In the order in which a person meets them; each is a file of scripts/commands with an `app`.
GROUPS = ("recipes",)
COMMANDS: tuple[str, ...] = ()


def build_app() -> typer.Typer:
    """Return the command with all that it can do."""
    app = typer.Typer(
        name="pixfleet",
        help="Every web variant of every image in a bucket.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing_by_itself)
    for name in COMMANDS:
        app.add_typer(import_module(f"scripts.commands.{name}").app)
    for name in GROUPS:
        app.add_typer(import_module(f"scripts.commands.{name}").app, name=name)
    return app


def main() -> None:
    """Run the command; whatever goes wrong ends with a sentence and a code, never a traceback."""
    show_what_can_be_shown()
    sys.exit(_run(build_app()))


def _nothing_by_itself() -> None:
    """Every web variant of every image in a bucket."""


def _run(app: typer.Typer) -> int:
    told = ""
    try:
        code = int(app(standalone_mode=False) or 0)
    except typer.Exit as ended:
        code = ended.exit_code
    except typer.TyperException as mistake:
        told, code = _with_help(mistake), BAD_INPUT
    except PixfleetError as problem:
        told, code = str(problem), BAD_INPUT if isinstance(problem, Misconfigured) else FAILED
    except (ClientError, BotoCoreError) as refused:
        told, code = sentence(refused)
    except BrokenPipeError:
        # Whoever read us has gone; the interpreter would say so at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except (KeyboardInterrupt, typer.Abort):
        told, code = "Stopped.", INTERRUPTED
    if told:
        print(told, file=sys.stderr)
    return code


def _with_help(mistake: typer.TyperException) -> str:
    """Return what was typed wrongly and where it is explained; nothing if help was shown."""
    told = mistake.format_message()
    context = getattr(mistake, "ctx", None)
    page = context.command_path if context else "pixfleet"
    return f"{told} `{page} --help` says what it takes." if told else ""


if __name__ == "__main__":
    main()
