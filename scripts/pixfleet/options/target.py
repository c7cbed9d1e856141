"""Which stack a command is for: named on the command line, in the environment or by a context."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.options.contexts import NamedStack, contexts_file, read_contexts
from scripts.pixfleet.options.declared import TypedOptions
from scripts.pixfleet.terminal.suggestions import shell_word

DEFAULT_STACK = "pixfleet"
STACK_OPTION = "--stack"
STACK_VARIABLE = "PIXFLEET_STACK"
CONTEXT_VARIABLE = "PIXFLEET_CONTEXT"
# Other AWS programs prefer it to AWS_DEFAULT_REGION, the only one that boto3 reads:
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
REGION_VARIABLE = "AWS_REGION"


@dataclass(frozen=True, slots=True)
class Target:
    """A stack's name and how AWS is reached; None leaves a choice to boto3.

    `origin` says where the name comes from, such as `--stack` or `context photos`.
    """

    stack: str
    origin: str
    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None

    @property
    def is_typed(self) -> bool:
        """Return whether the stack was named for this command, not by a context or a default."""
        return self.origin in {STACK_OPTION, STACK_VARIABLE}


def find_target(typed: TypedOptions, environment: Mapping[str, str]) -> Target:
    """Return what a command is for; `Misconfigured` for a context that cannot be used.

    An option that was typed counts before what a context keeps, and a context before AWS's own
    variables. The current context counts only if neither a stack nor a context is named: it may
    keep the region of another stack.
    """
    stack = typed.stack or environment.get(STACK_VARIABLE)
    name = typed.context or environment.get(CONTEXT_VARIABLE, "")
    context, origin = _context(name, environment, is_stack_named=bool(stack))
    if typed.stack:
        origin = STACK_OPTION
    elif stack and not typed.context:
        origin = STACK_VARIABLE
    elif context:
        stack = context.stack
    kept = context or NamedStack(DEFAULT_STACK)
    return Target(
        stack or DEFAULT_STACK,
        origin or "the default",
        typed.endpoint_url or kept.endpoint_url,
        typed.profile or kept.profile,
        typed.region or kept.region or environment.get(REGION_VARIABLE) or None,
    )


def repeated_options(typed: TypedOptions) -> str:
    """Return the typed options as words for the commands that the output suggests."""
    return _words(
        {
            STACK_OPTION: typed.stack,
            "--context": typed.context,
            "--endpoint-url": typed.endpoint_url,
            "--profile": typed.profile,
            "--region": typed.region,
        }
    )


def aws_options(typed: TypedOptions) -> str:
    """Return the typed options that the `aws` command has too."""
    return _words(
        {
            "--endpoint-url": typed.endpoint_url,
            "--profile": typed.profile,
            "--region": typed.region,
        }
    )


def is_path(stack: str) -> bool:
    """Return whether the value of `--stack` means a file or folder, and not a prefix.

    A prefix has only letters, digits and dashes.
    """
    return "/" in stack or stack in {".", ".."} or stack.endswith(".json")


def absolute(stack: str) -> str:
    """Return the value of `--stack` such that it means the same from any folder."""
    return str(Path(stack).absolute()) if is_path(stack) else stack


def _context(
    name: str, environment: Mapping[str, str], *, is_stack_named: bool
) -> tuple[NamedStack | None, str]:
    if is_stack_named and not name:
        return None, ""
    contexts = read_contexts(contexts_file(environment))
    name = name or contexts.current
    return (contexts.get(name), f"context {name}") if name else (None, "")


def _words(named: Mapping[str, str | None]) -> str:
    return " ".join(f"{name} {shell_word(value)}" for name, value in named.items() if value)
