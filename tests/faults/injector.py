"""Lets chosen AWS calls fail before their effect, or lose their answer after it.

Works on botocore's events (https://docs.aws.amazon.com/boto3/latest/guide/events.html), so that
our own translation of errors and our own retries are tested.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

from shared.cloud.clients import Clients

EVERY = range(1, 1_000_000)
SERVICES = ("s3", "sqs", "dynamodb")

Request = Mapping[str, Any]  # botocore's shape of a request


@dataclass
class Rule:
    """One fault; it counts calls from one, and only those that contain `where`."""

    operation: str
    calls: Container[int]
    where: str
    act: Callable[[], object]
    count: int = 0

    def applies(self, text: str) -> bool:
        if self.where not in text:
            return False
        self.count += 1
        return self.count in self.calls


@dataclass
class Injector:
    """Fails calls by rule, and records every attempted call."""

    clients: Clients
    tried: list[str] = field(default_factory=list)
    _before: list[Rule] = field(default_factory=list)
    _after: list[Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        for name in SERVICES:
            events = getattr(self.clients, name).meta.events
            events.register_first(f"before-call.{name}", self._before_call, unique_id="refuse")
            # moto answers at this event, too: a handler after moto's runs after the effect.
            # Handlers of longer names come first, so the name must be as short as moto's.
            events.register_last("before-send", self._before_send, unique_id="lose")

    def stop(self) -> None:
        """Let every call through again."""
        for name in SERVICES:
            events = getattr(self.clients, name).meta.events
            events.unregister(f"before-call.{name}", unique_id="refuse")
            events.unregister("before-send", unique_id="lose")

    def mend(self) -> None:
        """Forget all rules and all calls."""
        with self._lock:
            self._before.clear()
            self._after.clear()
            self.tried.clear()

    def refuse(
        self,
        operation: str,
        code: str,
        *,
        status: int,
        calls: Container[int] = EVERY,
        where: str = "",
        message: str = "injected",
    ) -> None:
        """Answer calls that contain `where` with an AWS error, without their effect."""
        error = {"Error": {"Code": code, "Message": message}}
        answer = error | {"ResponseMetadata": {"HTTPStatusCode": status}}
        reply = (SimpleNamespace(status_code=status), answer)
        self._before.append(Rule(operation, calls, where, lambda: reply))

    def lose(self, operation: str, *, calls: Container[int], where: str = "") -> None:
        """Let calls have their effect and lose the answer."""

        def lost() -> object:
            raise ReadTimeoutError(endpoint_url="https://aws.example")

        self._after.append(Rule(operation, calls, where, lost))

    def on(self, operation: str, act: Callable[[], None], *, calls: Container[int]) -> None:
        """Call a function immediately before a call takes effect."""
        self._before.append(Rule(operation, calls, "", act))

    def _before_call(
        self,
        model: Any,  # noqa: ANN401 - botocore's own class
        params: Request,
        **_: object,
    ) -> object:
        said = f"{params.get('url_path', '')} {params.get('url', '')} {params.get('body', '')}"
        with self._lock:
            self.tried.append(model.name)
            due = [rule for rule in self._before if rule.operation == model.name]
            due = [rule for rule in due if rule.applies(said)]
        answers = [rule.act() for rule in due]
        return next((answer for answer in answers if answer is not None), None)

    def _before_send(self, request: Any, event_name: str, **_: object) -> None:  # noqa: ANN401
        operation = event_name.rpartition(".")[2]
        with self._lock:
            due = [rule for rule in self._after if rule.operation == operation]
            due = [rule for rule in due if rule.applies(f"{request.url} {request.body!r}")]
        for rule in due:
            rule.act()
