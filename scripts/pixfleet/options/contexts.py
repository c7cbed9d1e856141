"""The contexts of one user: names for a stack with its region, profile and endpoint.

They are in `contexts.json` in the user's configuration folder
(https://specifications.freedesktop.org/basedir-spec/latest/), and hold no secrets.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shared.model.errors import Misconfigured
from shared.text import excerpt

SCHEMA = 1
# Such a name needs no quotes in any shell.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME_RULE = "a name of at most 64 letters, digits, dots, dashes and underscores"
FIELDS = ("stack", "region", "profile", "endpoint_url")


@dataclass(frozen=True, slots=True)
class NamedStack:
    """What a context keeps; None for what it leaves to the environment.

    `stack` is what `--stack` takes; a path in it is absolute.
    """

    stack: str
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Contexts:
    """All contexts by name; `current` is the one that is used if no stack is named, or empty."""

    named: Mapping[str, NamedStack] = field(default_factory=dict)
    current: str = ""

    def get(self, name: str) -> NamedStack:
        """Return a context; `Misconfigured` with the known ones if there is none of this name."""
        if name in self.named:
            return self.named[name]
        known = ", ".join(self.named)
        raise Misconfigured(
            f"No context is named {excerpt(name)}",
            [
                f"expected one of {known}"
                if known
                else "there are none yet: `pixfleet context add NAME --stack PREFIX` adds one"
            ],
        )

    def with_added(self, name: str, context: NamedStack) -> "Contexts":
        """Return these with one more, or another one of that name."""
        if not NAME.fullmatch(name):
            raise Misconfigured(
                "The context cannot be added",
                [f"expected {NAME_RULE}, got {excerpt(name)}"],
            )
        return replace(self, named={**self.named, name: context})

    def with_current(self, name: str) -> "Contexts":
        """Return these with another current one; `Misconfigured` if it does not exist."""
        self.get(name)
        return replace(self, current=name)

    def without(self, name: str) -> "Contexts":
        """Return these without one; `Misconfigured` if it does not exist."""
        self.get(name)
        named = {each: context for each, context in self.named.items() if each != name}
        return Contexts(named, "" if name == self.current else self.current)


def contexts_file(environment: Mapping[str, str]) -> Path:
    """Return the path of the file; a relative XDG_CONFIG_HOME does not count.

    https://specifications.freedesktop.org/basedir-spec/latest/#variables
    """
    folder = Path(environment.get("XDG_CONFIG_HOME", ""))
    return (folder if folder.is_absolute() else Path.home() / ".config") / "pixfleet/contexts.json"


def read_contexts(path: Path) -> Contexts:
    """Return the contexts, none if there is no file; `Misconfigured` for a file that is broken."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError) as refused:
        raise _unusable(path, str(refused)) from refused
    try:
        return _parsed(json.loads(text))
    except (ValueError, RecursionError) as refused:
        raise _unusable(path, str(refused)) from refused


def write_contexts(path: Path, contexts: Contexts) -> None:
    """Replace the file at once; a reader sees either all of the old file or all of the new one."""
    from scripts.pixfleet.private_files import (  # noqa: PLC0415 - every command reads contexts
        make_private_folder,
        write_private,
    )

    document = {
        "schema": SCHEMA,
        "current": contexts.current,
        "contexts": {
            name: {key: value for key in FIELDS if (value := getattr(context, key)) is not None}
            for name, context in contexts.named.items()
        },
    }
    try:
        make_private_folder(path.parent)
        write_private(path, (json.dumps(document, indent=2) + "\n").encode())
    except OSError as refused:
        raise Misconfigured(f"{path} cannot be written", [str(refused)]) from refused


def _parsed(document: Any) -> Contexts:  # noqa: ANN401 - whatever the JSON holds
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"expected a mapping with schema {SCHEMA}")
    named, current = document.get("contexts"), document.get("current", "")
    if not isinstance(named, dict) or not isinstance(current, str):
        raise ValueError("expected a mapping contexts and a name current")  # noqa: TRY004 - one kind of problem
    contexts = {name: _context(name, entry) for name, entry in named.items()}
    return Contexts(contexts, current if current in contexts else "")


def _context(name: str, entry: Any) -> NamedStack:  # noqa: ANN401 - as above
    is_valid = (
        NAME.fullmatch(name)
        and isinstance(entry, dict)
        and entry.get("stack")
        and set(entry) <= set(FIELDS)
        and all(isinstance(value, str) for value in entry.values())
    )
    if not is_valid:
        raise ValueError(f"contexts.{excerpt(name)}: expected stack, and strings only")
    return NamedStack(**entry)


def _unusable(path: Path, problem: str) -> Misconfigured:
    return Misconfigured(
        f"{path} cannot be used",
        [problem, "correct or delete it, or name a stack with --stack, which needs no context"],
    )
