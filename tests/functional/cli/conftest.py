"""Fixtures that run `pixfleet` in this process, with a stack in moto."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
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
from shared.model.recipe import RecipeSet
from shared.settings import read_settings
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.cli.occupied_shards import list_occupied_shards_only
from tests.functional.conftest import RECIPES
from tests.support.iam.recorder import RECORDER
from worker.batch import Consumer
from worker.context import build_context

PREFIX = "pixfleet"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON document
        return json.loads(self.out)


RunCommand = Callable[..., CommandResult]


@pytest.fixture(name="shared_clients", scope="session")
def _shared_clients() -> Clients:
    """Return clients that every test shares: to build them takes longer than many tests."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        _set_environment(patch)
        session = boto3.session.Session()
        return Clients(
            s3=session.client("s3"),
            sqs=session.client("sqs"),
            dynamodb=session.client("dynamodb"),
            ssm=session.client("ssm"),
        )


def _set_environment(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "PIXFLEET_")):
            patch.delenv(name)
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture(name="stack")
def _stack(
    shared_clients: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[LocalStack]:
    """Return a local stack in an AWS of its own for each test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    _set_environment(monkeypatch)
    with mock_aws():
        yield create_stack_with(
            shared_clients,
            RECIPES,
            endpoint_url="",
            prefix=PREFIX,
            visibility_timeout_seconds=60,
            max_receives=8,
        )


@pytest.fixture(name="clients")
def _clients_of_the_stack(stack: LocalStack, shared_clients: Clients) -> Clients:
    """Return clients of the stack's AWS."""
    return shared_clients


@pytest.fixture(name="pixfleet")
def _pixfleet(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunCommand:
    """Return a function that runs a command: `pixfleet("status", "--json")`."""

    def run(*arguments: object) -> CommandResult:
        capsys.readouterr()  # drops what the worker has printed
        words = [*map(str, arguments)]
        monkeypatch.setattr("sys.argv", ["pixfleet", *words])
        with pytest.raises(SystemExit) as ended, RECORDER.command(words):
            cli.main()
        printed = capsys.readouterr()
        return CommandResult(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(name="run_worker")
def _run_worker(stack: LocalStack, render_pool: RenderPool) -> Iterator[Callable[..., None]]:
    """Return a function that runs a worker until it receives no more messages of a queue.

    It may be given other recipes than the stack's.
    """
    worker = build_context(read_settings(stack.worker_environment()))
    worker.render_pool.close()
    worker = replace(worker, render_pool=render_pool)

    def run_worker(queue: str = stack.live_queue, *, recipes: RecipeSet | None = None) -> None:
        consumer = Consumer(replace(worker, recipes=recipes or worker.recipes))
        while raw := worker.queues.receive(queue, wait_seconds=0, hide_seconds=30):
            messages = [from_receive(each, queue) for each in raw]
            results = consumer.consume(messages, Deadline.after(120, worker.clock))
            done = {each.message_id for each in results if each.is_acknowledged}
            worker.queues.acknowledge(
                queue, [each.receipt_handle for each in messages if each.id in done]
            )

    yield run_worker
    worker.uploads.shutdown()


@pytest.fixture(autouse=True)
def _no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting: moto returns every message at once."""
    receive = Queues.receive

    def receive_at_once(
        queues: Queues, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[Mapping[str, Any]]:
        del wait_seconds
        return receive(queues, queue, wait_seconds=0, hide_seconds=hide_seconds)

    monkeypatch.setattr(Queues, "receive", receive_at_once)


@pytest.fixture(name="occupied_shards")
def _occupied_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `verify` make no call for the shards without objects, which nearly all are."""
    list_occupied_shards_only(monkeypatch)


@pytest.fixture(name="aws")
def _aws(stack: LocalStack, clients: Clients) -> DirectAccess:
    """Return direct access to the stack, without the command."""
    return DirectAccess(stack, clients)
