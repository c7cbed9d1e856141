"""`pixfleet context`: names for stacks, with the region, profile and endpoint that each needs."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.options.completions import context_names
from scripts.pixfleet.options.contexts import (
    Contexts,
    NamedStack,
    contexts_file,
    read_contexts,
    write_contexts,
)
from scripts.pixfleet.options.declared import ENDPOINT_URL, PROFILE, REGION
from scripts.pixfleet.options.target import absolute
from scripts.pixfleet.terminal.tables import table
from shared.model.errors import Misconfigured

app = typer.Typer(
    help="Keep names for stacks with their region, profile and endpoint.", no_args_is_help=True
)

_Name = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=context_names, help="A context's name.")
]
_MaybeName = Annotated[
    str,
    typer.Argument(metavar="[NAME]", autocompletion=context_names, help="A context's name."),
]
_CURRENT = "*"


@command(app, "add", has_stack=False)
def add(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    *,
    stack: Annotated[str, typer.Option("--stack", help="What --stack takes: a prefix or a path.")],
    region: REGION = None,
    profile: PROFILE = None,
    endpoint_url: ENDPOINT_URL = None,
) -> None:
    """Add a context, or replace the one of this name; the first one becomes the current one."""
    file, contexts = _file(), _read()
    added = NamedStack(absolute(stack), region, profile, endpoint_url)
    replaced = contexts.named.get(name)
    contexts = contexts.with_added(name, added)
    if not contexts.current and len(contexts.named) == 1:
        contexts = contexts.with_current(name)
    write_contexts(file, contexts)
    is_current = contexts.current == name
    context.console.result(
        {"name": name, "is_current": is_current, "file": str(file), **asdict(added)},
        f"Context {name} is {'replaced' if replaced else 'added'}"
        f"{', and is the current one' if is_current else ''}.",
        *(() if is_current else (f"Next: pixfleet context use {name}",)),
    )


@command(app, "use", has_stack=False)
def use(
    context: Context,
    name: _MaybeName = "",
    *,
    none: Annotated[bool, typer.Option("--none", help="Use no context.")] = False,
) -> None:
    """Make a context the current one: commands without --stack and --context use it."""
    if bool(name) == none:
        raise Misconfigured("No context was chosen", ["expected NAME, or --none"])
    contexts = _read()
    chosen = Contexts(contexts.named) if none else contexts.with_current(name)
    write_contexts(_file(), chosen)
    said = f"The current context is {name}." if name else "No context is the current one."
    context.console.result({"current": name or None}, said)


@command(app, "list", has_stack=False)
def list_contexts(context: Context) -> None:
    """List the contexts; * marks the current one."""
    contexts = _read()
    rows = [
        (
            _CURRENT if name == contexts.current else "",
            name,
            each.stack,
            each.region,
            each.profile,
            each.endpoint_url,
        )
        for name, each in contexts.named.items()
    ]
    context.console.result(
        {"current": contexts.current or None, "contexts": _documents(contexts)},
        table("", "name", "stack", "region", "profile", "endpoint", rows=rows)
        if rows
        else "There is no context. `pixfleet context add NAME --stack PREFIX` adds one.",
    )


@command(app, "remove", has_stack=False)
def remove(context: Context, name: _Name) -> None:
    """Forget a context; nothing happens to its stack."""
    contexts = _read()
    left = contexts.without(name)
    write_contexts(_file(), left)
    was_current = ", which was the current one," if contexts.current == name else ""
    context.console.result(
        {"removed": name, "current": left.current or None},
        f"Context {name}{was_current} is removed.",
    )


def _file() -> Path:
    return contexts_file(os.environ)


def _read() -> Contexts:
    return read_contexts(_file())


def _documents(contexts: Contexts) -> Mapping[str, object]:
    return {name: asdict(each) for name, each in contexts.named.items()}
