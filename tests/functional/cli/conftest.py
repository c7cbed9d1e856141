"""The `pixfleet` command typed in this process, over a stack that moto holds."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack, create_stack_with
from scripts.pixfleet import cli
from shared.cloud.queues import Queues
from shared.deadline import Deadline
from shared.events.sqs import from_receive
from shared.imaging.render_pool import RenderPool
from shared.settings import read_settings
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.conftest import RECIPES
from worker.batch import Consumer
from worker.context import build_context

PREFIX = "pixfleet"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever JSON the command prints
        return json.loads(self.out)


Type = Callable[..., Answer]


@pytest.fixture(name="stack")
def _stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    """Give the local stack in an AWS that is new for each test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "PIXFLEET_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield create_stack_with(
            _clients(),
            RECIPES,
            endpoint_url="",
            prefix=PREFIX,
            visibility_timeout_seconds=60,
            max_receives=8,
        )


@pytest.fixture(name="clients")
def _clients_of_the_stack(stack: LocalStack) -> Clients:
    """Give clients of the stack's AWS."""
    return _clients()


@pytest.fixture(name="type_")
def _type(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """Give what types a command: `type_("status", "--json")`."""

    def typed(*words: object) -> Answer:
        capsys.readouterr()  # what the worker has logged is not the command's
        monkeypatch.setattr("sys.argv", ["pixfleet", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return Answer(int(ended.value.code or 0), told.out, told.err)

    return typed


@pytest.fixture(name="work_off")
def _work_off(stack: LocalStack, render_pool: RenderPool) -> Iterator[Callable[..., None]]:
    """Give a worker that works a lane off, until nothing on it can be received."""
    fleet = build_context(read_settings(stack.worker_environment()))
    fleet.render_pool.close()
    fleet = replace(fleet, render_pool=render_pool)
    consumer = Consumer(fleet)

    def work_off(queue: str = stack.live_queue) -> None:
        while raw := fleet.queues.receive(queue, wait_seconds=0, hide_seconds=30):
            messages = [from_receive(each, queue) for each in raw]
            verdicts = consumer.consume(messages, Deadline.after(120, fleet.clock))
            done = {each.message_id for each in verdicts if each.is_acknowledged}
            fleet.queues.acknowledge(
                queue, [each.receipt_handle for each in messages if each.id in done]
            )

    yield work_off
    fleet.uploads.shutdown()


@pytest.fixture(autouse=True)
def _no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll moto, which has every message at once, without waiting."""
    receive = Queues.receive

    def receive_at_once(
        queues: Queues, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:
        del wait_seconds
        return receive(queues, queue, wait_seconds=0, hide_seconds=hide_seconds)

    monkeypatch.setattr(Queues, "receive", receive_at_once)


@pytest.fixture(name="aws")
def _aws(stack: LocalStack, clients: Clients) -> DirectAccess:
    """Give direct access to the stack, without the command."""
    return DirectAccess(stack, clients)


def _clients() -> Clients:
    session = boto3.session.Session()
    return Clients(
        s3=session.client("s3"),
        sqs=session.client("sqs"),
        dynamodb=session.client("dynamodb"),
        ssm=session.client("ssm"),
    )
