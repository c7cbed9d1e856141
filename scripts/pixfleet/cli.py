"""The entry point of the `pixfleet` command: its commands, and how errors are printed.

`--help` and `--version` import neither AWS's SDK nor Rich, and no command.
"""

import atexit
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import typer
from typer._click.exceptions import NoArgsIsHelpError

from scripts.pixfleet.lazy_group import LazyGroup
from scripts.pixfleet.options.declared import CONTEXT, ENDPOINT_URL, JSON, PROFILE, REGION, STACK
from scripts.pixfleet.terminal.exits import BAD_INPUT, FAILED, INTERRUPTED
from scripts.pixfleet.terminal.plain import print_error, print_line, print_text
from scripts.pixfleet.terminal.text import as_utf8, replace_unencodable_output
from shared.model.errors import Misconfigured, PixfleetError
from shared.model.versions import WORKER_VERSION

HELP = "Operate a Pixfleet stack, which makes web variants of the images in a bucket."
# In the order of the help page, with the first sentence of each command's description.
COMMANDS: Mapping[str, str] = {
    "status": "Show queues, dead letters, alarms, pace and the latest outcomes.",
    "doctor": "Check every part of a stack, and show what is wrong and what to do about it.",
    "drill": "Upload a good file and three bad ones, compare their outcomes, and clean up.",
    "plan": "Try changed recipes on real sources and estimate what they cost. Changes nothing.",
    "why": "Explain the state of one image; exits with 3 if something has to be done about it.",
    "wait": "Wait until an image is published, rejected or removed; the exit code says which.",
    "restore": "Put an earlier version of a source back as a new newest version.",
    "logs": "Print the log lines about one image, the oldest first; with --follow, also new ones.",
    "rejected": "List rejected sources, the newest first, with their causes and owners.",
    "show": "Write a page of one source and its variants, and open it in a browser.",
    "urls": "Print the `srcset`, a `<picture>` and the manifest's URL of one source.",
    "sign": "Print signed URLs: one, or those of a source's manifest and of every variant.",
    "sync": "Upload what a folder has and the bucket has not; with --delete, delete what only it "
    "has.",
    "verify": "Compare sources, ledger and stored variants; exits with 3 if they differ.",
    "purge": "Have CloudFront evict what it has cached of some sources, or all of it.",
    "console": "Show the stack in a browser, with your own credentials, until Ctrl-C.",
    "completion": "Print the script that completes `pixfleet` in a shell.",
}
GROUPS: Mapping[str, str] = {
    "recipes": "Check and explain recipes, or print their JSON Schema.",
    "backfill": "Upload or enqueue many images, and count the outcomes.",
    "dlq": "Dead letters: list, try, redrive and delete them.",
    "context": "Keep names for stacks with their region, profile and endpoint.",
}
# Set it to 1 to get a traceback instead of a sentence.
TRACEBACK_VARIABLE = "PIXFLEET_TRACEBACK"
# Typer's name of the variable by which a shell asks for completions.
COMPLETION_VARIABLE = "_PIXFLEET_COMPLETE"
STOPPED = "Stopped."
# Objects that are made between two searches for garbage, instead of Python's 700.
GARBAGE_THRESHOLD = 20_000


class _Pixfleet(LazyGroup):
    """All commands."""

    summaries: ClassVar = {**COMMANDS, **GROUPS}
    groups: ClassVar = tuple(GROUPS)


def build_app() -> typer.Typer:
    """Return the Typer app of the command; a command is imported when it is looked up."""
    app = typer.Typer(
        name="pixfleet",
        cls=_Pixfleet,
        help=HELP,
        epilog="The options before COMMAND may also stand after it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def main() -> None:
    """Run the command; print an error as a sentence and exit with a code, without a traceback."""
    # The imports leave hardly any garbage: to look for it takes a tenth of the start.
    gc.set_threshold(GARBAGE_THRESHOLD)
    replace_unencodable_output()
    # As it ends, the interpreter searches for garbage several times, which takes an eighth of
    # `status`: objects that are frozen are not searched.
    # https://docs.python.org/3/library/gc.html#gc.freeze
    atexit.register(gc.freeze)
    sys.exit(_run([as_utf8(word) for word in sys.argv[1:]]))


def _print_version(*, is_set: bool) -> None:
    if is_set:
        print_line(f"pixfleet {WORKER_VERSION}")
        raise typer.Exit


def _root(
    *,
    stack: STACK = None,
    context: CONTEXT = None,
    endpoint_url: ENDPOINT_URL = None,
    profile: PROFILE = None,
    region: REGION = None,
    as_json: JSON = False,
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
    # The commands read these options from the context, see `typed_options`.
    del stack, context, endpoint_url, profile, region, as_json


def _run(words: Sequence[str]) -> int:
    try:
        if COMPLETION_VARIABLE in os.environ:
            _prepare_completion()
        # Typer returns the exit code of `typer.Exit` and of Ctrl-C.
        code = int(build_app()(list(words), prog_name="pixfleet", standalone_mode=False) or 0)
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


def _prepare_completion() -> None:
    from typer._completion_classes import completion_init  # noqa: PLC0415 - only after TAB

    completion_init()


def _lines_and_code(error: BaseException) -> tuple[Sequence[str], int]:
    """Return the lines of the message for an error, which may be none, and the exit code."""
    if isinstance(error, typer.TyperException):
        return _usage_message(error), BAD_INPUT
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return [STOPPED], INTERRUPTED
    for each in (error.__cause__, error):
        # An error of botocore means that it is imported already.
        if "botocore.exceptions" in sys.modules and (found := _of_aws(each)):
            return [found[0]], found[1]
    return _other_lines_and_code(error)


def _other_lines_and_code(error: BaseException) -> tuple[Sequence[str], int]:
    """Return the lines and the exit code for an error that is neither AWS's nor the user's."""
    if isinstance(error, Misconfigured):
        return error.lines, BAD_INPUT
    if isinstance(error, PixfleetError):
        return [str(error)], FAILED
    if isinstance(error, UnicodeEncodeError) and error.encoding == "utf-8":
        # An argument has bytes that are no UTF-8: https://peps.python.org/pep-0383/
        return [f"Expected text in UTF-8, as the keys of S3 are, got {error.object!r}"], BAD_INPUT
    hint = f"({TRACEBACK_VARIABLE}=1 shows the traceback.)"
    return [f"{type(error).__name__}: {error} {hint}"], FAILED


def _of_aws(error: BaseException | None) -> tuple[str, int] | None:
    """Return message and exit code of an error of AWS; None for any other error."""
    from scripts.pixfleet.stack.access import AwsError, message_and_code  # noqa: PLC0415 - slow

    return message_and_code(error) if isinstance(error, AwsError) else None


def _usage_message(error: Any) -> Sequence[str]:  # noqa: ANN401 - Typer's type has no context
    """Return what is wrong with the arguments and which help page to read.

    Nothing if the error itself is the help page, which is printed as if it had been asked for.
    """
    message, context = error.format_message(), getattr(error, "ctx", None)
    if isinstance(error, NoArgsIsHelpError):
        print_text(message)
        return ()
    page = context.command_path if context else "pixfleet"
    return [f"{message} `{page} --help` describes the options."]


if __name__ == "__main__":
    main()
