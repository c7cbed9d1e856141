"""Checks each call that code of the worker or of the command line makes through boto3.

A call belongs to the role of the code that makes it: `worker`, `renderer`, `purge`, `api` or
`operator`. While a command runs, it belongs to the person who has the smallest policy for that
command: `reader`, `redriver` or `uploader`.
Calls of the tests themselves, and those that create a stack, have no role.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

from scripts.pixfleet.cli import COMMANDS, GROUPS
from scripts.pixfleet.stack.access_policies import Policy, policy_for
from tests.support.iam.actions import ACCOUNT, UnknownCall, arn, requests
from tests.support.iam.evaluator import Request, Statement, decide, read_policy

WORKER, RENDERER, PURGE, API = "worker", "renderer", "purge", "api"
OPERATOR = "operator"
READER, REDRIVER, UPLOADER = "reader", "redriver", "uploader"
# The record has what the redriver's policy adds to the reader's. The operator has all three.
PARTS = {REDRIVER: (READER, REDRIVER), OPERATOR: (READER, REDRIVER, UPLOADER)}
PEOPLE = {
    Policy.ON_CALL_READER: READER,
    Policy.ON_CALL_REDRIVER: REDRIVER,
    Policy.UPLOADER: UPLOADER,
}
EITHER = "either"
RENDERED = Path(__file__).with_name("rendered.json")
# The names that tests give to resources, and those of the rendered policies.
NAMES = {
    "sources": f"pixfleet-sources-{ACCOUNT}",
    "pixfleet-sources": f"pixfleet-sources-{ACCOUNT}",
    "elsewhere": f"pixfleet-sources-{ACCOUNT}",
    "variants": f"pixfleet-variants-{ACCOUNT}",
    "pixfleet-variants": f"pixfleet-variants-{ACCOUNT}",
    "live": "pixfleet-live",
    "large": "pixfleet-bulk",  # every lane has the same permissions
    "dead": "pixfleet-dead-letter",
    "ledger": "pixfleet-ledger",
    "serving": "pixfleet-serving",
    "purge": "pixfleet-purge",
    "purges": "pixfleet-purge",
    "pixfleet-completed": "completions",
}

# Resources that do not exist, in tests of the errors that AWS then answers.
MISSING = frozenset({"no-bucket", "no-such-queue"})

Permission = tuple[str, str, str]  # role, statement, action


@dataclass(frozen=True, slots=True)
class Policies:
    """The rendered policies: statements of each role, and those of each resource by its ARN."""

    roles: Mapping[str, tuple[Statement, ...]]
    resources: Mapping[str, tuple[Statement, ...]]

    def statements(self, role: str, request: Request) -> Iterable[Statement]:
        """Yield the statements that may apply to a request of a role."""
        for part in PARTS.get(role, (role,)):
            yield from self.roles[part]
        owner = request.resource
        if owner.startswith("arn:aws:s3:::"):
            owner = owner.partition("/")[0]
        yield from self.resources.get(owner, ())

    def parts_with(self, role: str, statement: Statement) -> Iterable[str]:
        """Return the parts of a role that have a statement; the role itself if none has."""
        parts = PARTS.get(role, (role,))
        return [part for part in parts if statement in self.roles[part]] or [role]

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return every action that a statement of a role allows."""
        return frozenset(
            (role, each.sid, action)
            for role, statements in self.roles.items()
            for each in statements
            if each.is_allow
            for action in each.actions
        )


@cache
def policies() -> Policies:
    """Return the policies that `tests/terraform/test_rendered_policies.py` compares."""
    document = json.loads(RENDERED.read_text(encoding="utf-8"))
    roles = {
        role: tuple(each for policy in found for each in read_policy(policy))
        for role, found in document["roles"].items()
    }
    resources = {arn: read_policy(policy) for arn, policy in document["resources"].items()}
    return Policies(roles, resources)


@dataclass
class Recorder:
    """What was denied since it was last taken, and every permission that was used."""

    denied: dict[str, None] = field(default_factory=dict)
    used: set[Permission] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    _simulated: set[tuple[str, str, str]] = field(default_factory=set)
    _known: dict[tuple[str, Request], bool] = field(default_factory=dict)

    @cached_property
    def policies(self) -> Policies:
        return policies()

    def note(self, role: str, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Check one call."""
        if MISSING & {str(value).rsplit("/", 1)[-1] for value in parameters.values()}:
            return
        try:
            asked = requests(service, operation, _renamed(parameters))
        except UnknownCall as unknown:
            self.denied[str(unknown)] = None
            return
        if role == EITHER:
            role = next((each for each in (WORKER, RENDERER) if self._may(each, asked)), OPERATOR)
        for request in asked:
            if not self._is_allowed(role, request):
                self.denied[
                    f"{role}: {request.action} on {request.resource} for {service}.{operation}"
                ] = None

    def note_simulated(self, service: str, operation: str, arguments: Mapping[str, Any]) -> None:
        """Check one call of a simulated worker, by the name of its method, once for a resource."""
        names = ("Bucket", "Key", "Delete") if service == "s3" else ("QueueUrl", "QueueName")
        about = str([arguments.get(name) for name in names])
        if (service, operation, about) in self._simulated:
            return
        role = _functions_role(_callers())
        if role:
            self._simulated.add((service, operation, about))
            self.note(role, service, operation.title().replace("_", ""), arguments)

    def take_denied(self) -> list[str]:
        """Return what was denied, and forget it."""
        found, self.denied = list(self.denied), {}
        return found

    @contextmanager
    def command(self, words: Sequence[str] = ()) -> Iterator[None]:
        """Count calls as those of who may run a command, given its words, while it runs."""
        self.commands.append(_person(words))
        try:
            yield
        finally:
            self.commands.pop()

    @property
    def person(self) -> str:
        """Return the role of who runs the command that runs, or else the operator's."""
        return self.commands[-1] if self.commands else OPERATOR

    def _may(self, role: str, asked: Iterable[Request]) -> bool:
        return all(self._is_allowed(role, request) for request in asked)

    def _is_allowed(self, role: str, request: Request) -> bool:
        known = self._known.get((role, request))
        if known is None:
            decision = decide(request, self.policies.statements(role, request))
            known = self._known[role, request] = decision.is_allowed
            if known:
                self.used |= {
                    (part, statement.sid, action)
                    for statement in decision.statements
                    for part in self.policies.parts_with(role, statement)
                    for action in statement.actions
                    if Statement.applies_to(_only(statement, action), request)
                }
        return known


RECORDER = Recorder()


def record_calls() -> None:
    """Check every call of boto3 in this process from now on."""
    anything: Any = BaseClient  # botocore declares no private methods
    make: Callable[..., Any] = anything._make_api_call
    if getattr(make, "is_recorded", False):
        return

    def recorded(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as botocore
        if role := _role():
            RECORDER.note(role, client.meta.service_model.service_name, operation, parameters)
        return make(client, operation, parameters)

    recorded.is_recorded = True  # type: ignore[attr-defined]
    anything._make_api_call = recorded


def _role() -> str:
    """Return the role of the code that calls; an empty string if it has none."""
    callers = list(_callers())
    for name in callers:
        if name.startswith("scripts.pixfleet."):
            return RECORDER.person
        if name.startswith("worker.api."):
            return API
        if name.startswith("worker."):
            return _functions_role(callers)
        if name.startswith(("tests.", "scripts.")) and not name.startswith("tests.support.iam."):
            return ""  # a test, which may use an adapter of `shared.cloud` itself
    if threading.current_thread() is threading.main_thread():
        return ""
    # A thread whose function is an adapter's: it does not show who started it.
    return RECORDER.person if RECORDER.commands else EITHER


def _person(words: Sequence[str]) -> str:
    """Return the role of who may run a command."""
    plain = [word for word in words if word in COMMANDS or word in GROUPS]
    if not plain:
        return OPERATOR
    name = plain[0]
    if name in GROUPS:
        name = " ".join(words[words.index(name) : words.index(name) + 2])
    return PEOPLE[policy_for(name, words)]


def _functions_role(callers: Iterable[str]) -> str:
    """Return the role of a function; an empty string if none of the callers is its code.

    The renderer also calls modules of the worker, so its own may be further out.
    """
    own = [name for name in callers if name.startswith("worker.")]
    if any(name.startswith("worker.renderer.") for name in own):
        return RENDERER
    if any(name.startswith("worker.purge.") for name in own):
        return PURGE
    return WORKER if own else ""


def _callers() -> Iterator[str]:
    """Yield the modules of the calling functions, the innermost first."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_globals.get("__name__", "")
        frame = frame.f_back  # type: ignore[assignment]


def _renamed(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: _renamed_value(name, value) for name, value in parameters.items()}


def _renamed_value(name: str, value: Any) -> Any:  # noqa: ANN401 - any parameter of AWS
    match name:
        case "Bucket" | "TableName" | "QueueName" | "DistributionId":
            return NAMES.get(value, value)
        case "QueueUrl":
            return NAMES.get(value.rsplit("/", 1)[-1], value)
        case "TopicArn":
            own = value.rpartition(":")[2]
            return arn("sns", NAMES.get(own, own))
        case "CopySource":
            return _renamed(value)
        case "RequestItems":
            return {NAMES.get(table, table): each for table, each in value.items()}
    return value


def _only(statement: Statement, action: str) -> Statement:
    return Statement(
        statement.sid,
        statement.is_allow,
        (action,),
        statement.resources,
        statement.principals,
        statement.conditions,
    )
