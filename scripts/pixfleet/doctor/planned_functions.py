"""Reads from a Terraform plan which concurrency and memory its functions will take."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.model.errors import Misconfigured

KIND = "aws_lambda_function"
HOW = "expected the output of `terraform show -json PLAN`"
# Lambda's value for a function that reserves no concurrency.
NOT_RESERVED = -1


@dataclass(frozen=True, slots=True)
class PlannedFunction:
    """A function after the apply; `reserved_before` is its concurrency that is reserved now."""

    name: str
    memory_mb: int
    reserved: int
    reserved_before: int = 0


# What the stack's variables give if only those without a default are set; a test compares them.
DEFAULTS = (
    PlannedFunction("worker", memory_mb=1769, reserved=70),
    PlannedFunction("renderer", memory_mb=1769, reserved=10),
)


def planned_functions(path: Path) -> tuple[PlannedFunction, ...]:
    """Return the functions of a plan in JSON; `Misconfigured` if the file is no such plan."""
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_functions(plan["resource_changes"]))
    except OSError as refused:
        raise _cannot_be_used(path, f"{refused.strerror}: {HOW}") from refused
    except (ValueError, TypeError, KeyError, AttributeError) as refused:
        raise _cannot_be_used(path, HOW) from refused


def _functions(changes: list[Mapping[str, Any]]) -> Iterator[PlannedFunction]:
    for each in changes:
        after = each["change"]["after"] if each["type"] == KIND else None
        if after is None:  # another resource, or a function that is deleted
            continue
        before = each["change"]["before"] or {}
        yield PlannedFunction(
            str(after["function_name"]),
            memory_mb=int(after["memory_size"]),
            reserved=_reserved(after),
            reserved_before=_reserved(before),
        )


def _reserved(function: Mapping[str, Any]) -> int:
    found: Any = function.get("reserved_concurrent_executions")
    return 0 if found in {None, NOT_RESERVED} else int(found)


def _cannot_be_used(path: Path, problem: str) -> Misconfigured:
    return Misconfigured("The plan cannot be used", [f"{path}: {problem}"])
