"""Keeps Typer from importing Pydantic for values that have their type already.

Typer converts every value of the command line with Pydantic, whose import takes longer than that
of Typer itself. Text needs no conversion, nor does a default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typer import core
from typer._coercion import RuntimeParam, build_runtime_param


def skip_pydantic() -> None:
    """Have Typer convert only what is typed and is no text, such as numbers and paths."""
    # Typer has no setting for this; tests/unit/test_startup_time.py fails if the name changes.
    core.build_runtime_param = _as_it_is  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _AsItIs(RuntimeParam):
    """Takes a value that has its type; leaves any other to Typer."""

    convert: Callable[[], RuntimeParam]

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401 - Typer's types are private
        if type(value) is self.annotation:
            return value
        return self.convert()._coerce_value(value, param=param, ctx=ctx)  # noqa: SLF001 - the method to override


def _as_it_is(descriptor: Any) -> RuntimeParam:  # noqa: ANN401 - as above
    return _AsItIs(
        parameter_info=descriptor.parameter_info,
        annotation=descriptor.annotation,
        convert=lambda: build_runtime_param(descriptor),
    )
