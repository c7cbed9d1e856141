"""Evaluates IAM policies as AWS does within one account.

An explicit deny wins, and without an allow a request is denied. Within one account an allow of the
role's policy or of the resource's policy is enough.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

What the policies of this project do not use (NotAction, policy variables, other operators) is
refused, so that no statement is evaluated wrongly.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
OPERATORS = {"ArnEquals", "ArnLike", "Bool", "StringEquals", "StringLike"}
ARN_PARTS = 6


class UnknownPolicy(Exception):
    """A policy that uses what this module does not evaluate."""


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource; `context` has the condition keys, in lower case.

    `principal` is the kind and the name of who asks, such as `Service` and `s3.amazonaws.com`.
    """

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    principal: tuple[str, str] = ("AWS", "role")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy; `principals` is None in the policy of a role."""

    sid: str
    is_allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: Mapping[str, tuple[str, ...]] | None
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def applies_to(self, request: Request) -> bool:
        """Return whether the statement is about the request."""
        return (
            any(_like(each.lower(), request.action.lower()) for each in self.actions)
            and any(_like(each, request.resource) for each in self.resources)
            and self._names(*request.principal)
            and all(_holds(each, dict(request.context)) for each in self.conditions)
        )

    def _names(self, kind: str, name: str) -> bool:
        if self.principals is None or "*" in self.principals.get("*", ()):
            return True
        return any(each in ("*", name) for each in self.principals.get(kind, ()))


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed, and the statements that allow it, or else deny it."""

    is_allowed: bool
    statements: tuple[Statement, ...] = field(default=())


def read_policy(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the statements of a policy; `UnknownPolicy` if one cannot be evaluated."""
    return tuple(map(_read_statement, _listed(document["Statement"])))


def decide(request: Request, statements: Iterable[Statement]) -> Decision:
    """Return the decision on a request by the statements of the role and of the resource."""
    found = [each for each in statements if each.applies_to(request)]
    denying = tuple(each for each in found if not each.is_allow)
    if denying or not found:
        return Decision(is_allowed=False, statements=denying)
    return Decision(is_allowed=True, statements=tuple(found))


def _read_statement(statement: Mapping[str, Any]) -> Statement:
    if unknown := statement.keys() - ELEMENTS:
        raise UnknownPolicy(f"expected the elements {ELEMENTS}, got {unknown}")
    if "${" in str(statement):
        raise UnknownPolicy(f"expected no policy variable, got {statement}")
    return Statement(
        sid=statement["Sid"],
        is_allow={"Allow": True, "Deny": False}[statement["Effect"]],
        actions=_texts(statement["Action"]),
        resources=_texts(statement["Resource"]),
        principals=_principals(statement["Principal"]) if "Principal" in statement else None,
        conditions=tuple(_conditions(statement.get("Condition", {}))),
    )


def _principals(value: str | Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    named = {"*": value} if isinstance(value, str) else value
    # {"AWS": "*"} is everybody, as "*" is.
    return {
        ("*" if "*" in _texts(names) else kind): _texts(names) for kind, names in named.items()
    }


def _conditions(
    value: Mapping[str, Mapping[str, Any]],
) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in value.items():
        if operator not in OPERATORS:
            raise UnknownPolicy(f"expected one of the operators {OPERATORS}, got {operator}")
        for key, values in keys.items():
            yield operator, key.lower(), _texts(values)


def _holds(condition: tuple[str, str, tuple[str, ...]], context: Mapping[str, str]) -> bool:
    """Return whether a condition holds; it does not if the request has no such key."""
    operator, key, values = condition
    if key not in context:
        return False
    found = context[key]
    match operator:
        case "StringEquals":
            return found in values
        case "StringLike":
            return any(_like(each, found) for each in values)
        case "Bool":
            return found.lower() in {each.lower() for each in values}
        case _:  # ArnEquals and ArnLike are the same
            return any(_arn_like(each, found) for each in values)


def _arn_like(pattern: str, arn: str) -> bool:
    """Return whether each of the six parts matches: a wildcard does not match a colon."""
    parts, found = (text.split(":", ARN_PARTS - 1) for text in (pattern, arn))
    return len(parts) == len(found) and all(map(_like, parts, found))


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(char) or re.escape(char) for char in pattern), re.DOTALL)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, _listed(value)))


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
