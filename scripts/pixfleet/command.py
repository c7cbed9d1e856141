"""Registers commands with the shared options, and builds the context that they get."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import typer

from scripts.pixfleet.options.declared import JSON, SHARED, TypedOptions, typed_options
from scripts.pixfleet.options.target import Target, aws_options, find_target, repeated_options
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.discovery import StackName, find_stack
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import BAD_INPUT
from scripts.pixfleet.terminal.plain import print_error
from shared.model.errors import Misconfigured

Options = tuple[tuple[str, Any, object], ...]
_ONLY_JSON: Options = (("as_json", JSON, False),)
_CALLED_IN = "called_in"


@dataclass
class Context:
    """The stack, the AWS clients and the console of one command.

    AWS is called only when a property needs it.
    """

    target: Target
    clients: AwsClients
    console: Console

    @cached_property
    def stack(self) -> Stack:
        """Return the stack; `Misconfigured` with the options to use if it is not found.

        A stack of another region is refused: its document names queues, and this region may have
        queues of the same names.
        """
        name = StackName(self.target.stack, self.target.origin)
        with self.console.working(f"Looking for the stack {name.text}"):
            # A folder is named like a context's stack for good: to say so each time is noise.
            notes = (self.console.note,) if self.target.is_typed else ()
            stack = find_stack(name, self.clients, *notes)
        region = self.clients.region_in_use
        if stack.region != region:
            raise Misconfigured(
                f"The stack {stack.prefix} is not in {region}",
                [f"expected --region {stack.region}"],
            )
        return stack


def command(
    app: typer.Typer, name: str, *, has_stack: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that registers a function as a command of `app`.

    The function's first parameter is the `Context`; the others are its own arguments and options.
    The options that every command has are added, only `--json` if the command needs no stack.
    """
    options = SHARED if has_stack else _ONLY_JSON

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _first, *own = inspect.signature(function, eval_str=True).parameters.values()

        def run(**given: Any) -> None:  # noqa: ANN401 - the options of any command
            typed = typed_options(given.pop(_CALLED_IN))
            arguments = {name: given[name] for name in given if name not in shared_names}
            function(build_context(typed, has_stack=has_stack), **arguments)

        shared_names = {name for name, _, _ in options}
        _describe(run, function, own, options)
        app.command(name)(run)
        return function

    return register


def renamed_command(app: typer.Typer, old: str, new: str) -> None:
    """Register the former name of a command, which only prints the new name."""

    def refuse() -> None:
        print_error([f"This command is now `{new}`."])
        raise typer.Exit(code=BAD_INPUT)

    ignored = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(old, hidden=True, add_help_option=False, context_settings=ignored)(refuse)


def _describe(
    run: Callable[..., None],
    function: Callable[..., None],
    own: list[inspect.Parameter],
    options: Options,
) -> None:
    """Give `run` the name, the docstring and the parameters that Typer reads."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(_CALLED_IN, keyword, annotation=typer.Context),
        *(each.replace(kind=keyword) for each in own),
        *(
            inspect.Parameter(name, keyword, default=default, annotation=annotation)
            for name, annotation, default in options
        ),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__doc__, run.__name__ = function.__doc__, function.__name__


def build_context(typed: TypedOptions, *, has_stack: bool = True) -> Context:
    """Return the context for the options that were typed; `Misconfigured` if they are wrong."""
    console = Console(
        as_json=typed.as_json,
        stack_options=repeated_options(typed),
        aws_options=aws_options(typed),
    )
    target = find_target(typed, os.environ) if has_stack else Target("", "")
    clients = AwsClients(
        endpoint_url=target.endpoint_url, profile=target.profile, region=target.region
    )
    return Context(target, clients, console)
