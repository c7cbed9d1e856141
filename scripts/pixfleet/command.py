"""The options that every command has, and the context that it builds from them."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import typer

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.discovery import DEFAULT_STACK, find_stack
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.terminal.console import Console, print_error
from scripts.pixfleet.terminal.exits import BAD_INPUT
from scripts.pixfleet.terminal.suggestions import shell_word
from shared.model.errors import Misconfigured

STACK_VARIABLE = "PIXFLEET_STACK"

_STACK = Annotated[
    str,
    typer.Option(
        "--stack",
        envvar=STACK_VARIABLE,
        help="The prefix of a stack, a file of `terraform output -json`, or a Terraform folder.",
    ),
]
_ENDPOINT_URL = Annotated[
    str | None,
    typer.Option("--endpoint-url", help="The URL of a local AWS, such as http://127.0.0.1:4566."),
]
_PROFILE = Annotated[
    str | None, typer.Option("--profile", help="A profile of the AWS configuration files.")
]
_REGION = Annotated[str | None, typer.Option("--region", help="The region of the stack.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]

# Name, annotation and default of each option.
_SHARED: tuple[tuple[str, Any, object], ...] = (
    ("stack", _STACK, DEFAULT_STACK),
    ("endpoint_url", _ENDPOINT_URL, None),
    ("profile", _PROFILE, None),
    ("region", _REGION, None),
    ("as_json", JSON, False),
)


@dataclass
class Context:
    """The stack's name, the AWS clients and the console of one command.

    AWS is called only when a property needs it.
    """

    stack_name: str
    clients: AwsClients
    console: Console

    @cached_property
    def stack(self) -> Stack:
        """Return the stack; `Misconfigured` with the options to use if it is not found.

        A stack of another region is refused: its document names queues, and this region may have
        queues of the same names.
        """
        stack = find_stack(self.stack_name, self.clients)
        region = self.clients.s3.meta.region_name
        if stack.region != region:
            raise Misconfigured(
                f"The stack {stack.prefix} is not in {region}",
                [f"expected --region {stack.region}"],
            )
        return stack


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that registers a function as a command of `app`.

    The function's first parameter is the `Context`; the others are its own arguments and options.
    The options that every command has are added.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _first, *own = inspect.signature(function, eval_str=True).parameters.values()

        def run(**given: Any) -> None:  # noqa: ANN401 - the options of any command
            shared = {name: given.pop(name) for name, _, _ in _SHARED}
            function(_context(**shared), **given)

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            *(each.replace(kind=keyword) for each in own),
            *(
                inspect.Parameter(name, keyword, default=default, annotation=annotation)
                for name, annotation, default in _SHARED
            ),
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__doc__, run.__name__ = function.__doc__, function.__name__
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


def _context(
    *, stack: str, endpoint_url: str | None, profile: str | None, region: str | None, as_json: bool
) -> Context:
    clients = AwsClients(endpoint_url=endpoint_url, profile=profile, region=region)
    named = {
        "--stack": stack if stack != os.environ.get(STACK_VARIABLE, DEFAULT_STACK) else None,
        "--endpoint-url": endpoint_url,
        "--profile": profile,
        "--region": region,
    }
    given = " ".join(f"{name} {shell_word(value)}" for name, value in named.items() if value)
    return Context(stack, clients, Console(as_json=as_json, stack_options=given))
