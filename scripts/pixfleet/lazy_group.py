"""A group of commands that imports only the one that was typed: to import all takes a second."""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

from scripts.pixfleet.examples import EXAMPLES
from scripts.pixfleet.options.declared import SHARED
from scripts.pixfleet.quick_values import skip_pydantic


class LazyGroup(TyperGroup):
    """The commands of `pixfleet`; each is a module of scripts/pixfleet/commands with an `app`."""

    # By name, in the order of the help page: the first sentence of each description.
    summaries: ClassVar[Mapping[str, str]] = {}
    # Those names that have commands of their own.
    groups: ClassVar[Collection[str]] = ()

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - those of Typer
        skip_pydantic()
        super().__init__(**attributes)
        shared = {name for name, _, _ in SHARED}
        options = [each for each in self.params if each.name in shared]
        self.commands: Any = _Commands(tuple(self.summaries), self.groups, options)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - Typer's types are private
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401 - as above
        """Return the commands, or the options, that begin with the incomplete word."""
        from typer._click.shell_completion import CompletionItem  # noqa: PLC0415 - only after TAB

        items = [
            CompletionItem(name, help=summary)
            for name, summary in self.summaries.items()
            if name.startswith(incomplete)
        ]
        return items + super(TyperGroup, self).shell_complete(ctx, incomplete)


class _Commands(Mapping[str, Any]):
    """The commands by name, each imported when it is looked up."""

    def __init__(
        self, names: tuple[str, ...], groups: Collection[str], shared_options: list[Any]
    ) -> None:
        self._names = names
        self._groups = groups
        self._shared_options = shared_options

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer's type is private
        if name not in self._names:
            raise KeyError(name)
        # Rich's help pages take longer to import than all of the rest.
        parent = typer.Typer(add_completion=False, rich_markup_mode=None)
        app = import_module(f"scripts.pixfleet.commands.{name}").app
        parent.add_typer(app, name=name if name in self._groups else None)
        parent.callback()(_nothing)
        command: Any = get_command(parent)
        command = command.commands[name]
        if name in self._groups:
            # So that `pixfleet dlq --stack photos groups` works too.
            command.params.extend(self._shared_options)
            for each in command.commands.values():
                each.epilog = _examples(f"{name} {each.name}")
        else:
            command.epilog = _examples(name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _nothing() -> None:
    """Let Typer make a group of a single command."""


def _examples(path: str) -> str:
    r"""Return the end of a help page; after `\b` Typer keeps the lines as they are."""
    lines = [f"  pixfleet {path} {words}".rstrip() for words in EXAMPLES.get(path, ())]
    return "\n".join(("Examples:\n\n\b", *lines)) if lines else ""
