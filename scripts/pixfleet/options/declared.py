"""The options that every command has: they may stand before or after the command's name."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from scripts.pixfleet.options.completions import context_names

STACK = Annotated[
    str | None,
    typer.Option(
        "--stack",
        show_default=False,
        help="The prefix of a stack, or ./NAME or another path: a file of `terraform output "
        "-json` or a Terraform folder.  [PIXFLEET_STACK; default: pixfleet]",
    ),
]
CONTEXT = Annotated[
    str | None,
    typer.Option(
        "--context",
        autocompletion=context_names,
        help="A name of `pixfleet context list`.  [PIXFLEET_CONTEXT]",
    ),
]
ENDPOINT_URL = Annotated[
    str | None,
    typer.Option("--endpoint-url", help="The URL of a local AWS, such as http://127.0.0.1:4566."),
]
PROFILE = Annotated[
    str | None, typer.Option("--profile", help="A profile of the AWS configuration files.")
]
REGION = Annotated[
    str | None, typer.Option("--region", help="The region of the stack.  [AWS_REGION]")
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]

# Name, annotation and default of each option.
SHARED: tuple[tuple[str, Any, object], ...] = (
    ("stack", STACK, None),
    ("context", CONTEXT, None),
    ("endpoint_url", ENDPOINT_URL, None),
    ("profile", PROFILE, None),
    ("region", REGION, None),
    ("as_json", JSON, False),
)


@dataclass(frozen=True, slots=True)
class TypedOptions:
    """The shared options as they were typed; None for what was not typed."""

    stack: str | None = None
    context: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None
    as_json: bool = False


def typed_options(command: typer.Context) -> TypedOptions:
    """Return the options of a command and of those before its name; the last one typed counts."""
    found: dict[str, Any] = {}
    # Typer's type of a parent is private.
    context: Any = command
    while context is not None:
        for name, _, default in SHARED:
            if name not in found and context.params.get(name, default) != default:
                found[name] = context.params[name]
        context = context.parent
    return TypedOptions(**found)
