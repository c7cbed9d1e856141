"""The package with Lambda's runtime client, and with MiniStack as AWS."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, PackagePath, files
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts.local.instance import HOST
from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.packages import (
    built,
    clean_interpreter,
    lambda_environment,
    skip_on_laptops,
    unpacked,
    writable_again,
)
from tests.e2e.runtime_api import INVOCATION_SECONDS, RuntimeApi, serving
from tests.e2e.test_lambda import record
from tests.support.images import jpeg, truncated_jpeg

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.allow_hosts([HOST])]

RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")


class Host:
    """A task root, a clean interpreter and the runtime client, as on Lambda."""

    def __init__(self, folder: Path) -> None:
        self.root = unpacked(built("here"), folder)
        self._home = folder
        self._python = clean_interpreter(folder)
        self._client = runtime_client(folder / "runtime")

    @contextmanager
    def running(self, api: RuntimeApi, handler: str, **settings: str) -> Iterator[None]:
        """Run a function until the context ends."""
        environment = {
            **lambda_environment(self.root, self._home),
            "PYTHONPATH": f"{self.root}:{self._client}",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "_HANDLER": handler,
            **settings,
        }
        process = subprocess.Popen(
            [str(self._python), "-m", "awslambdaric", handler], env=environment, cwd=self.root
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if find_spec("awslambdaric") is None:
        skip_on_laptops("Lambda's runtime client is not installed: make setup")
    host = Host(tmp_path_factory.mktemp("lambda"))
    yield host
    writable_again(host.root)


@pytest.fixture(name="api")
def _api() -> Iterator[RuntimeApi]:
    with serving() as api:
        yield api


def test_an_event_of_the_queue_is_processed_and_its_variants_are_stored(
    host: Host, api: RuntimeApi, fleet: Fleet
) -> None:
    good = {key: fleet.put(key, jpeg(seed=7)) for key in ("one.jpg", "two.jpg")}
    fleet.put("half.jpg", truncated_jpeg())
    records = received(fleet)

    with host.running(api, "worker.batch.handler", **fleet.stack.worker_environment()):
        answer = api.invoke({"Records": records})

    assert answer.path == "invocation/request-1/response"
    assert answer.body == {"batchItemFailures": []}
    fleet.wait_until_published(good)
    assert fleet.stored_keys() >= keys_stored_for(good)
    (dead_letter,) = fleet.dead_letters()
    assert dead_letter["MessageAttributes"]["cause"]["StringValue"] == "truncated"


def test_a_worker_that_cannot_start_returns_every_message_as_failed(
    host: Host, api: RuntimeApi, fleet: Fleet
) -> None:
    fleet.put("three.jpg", jpeg())
    records = received(fleet)
    nowhere = {"PIXFLEET_RECIPES": f"s3://{fleet.stack.variants_bucket}/nothing-here.json"}
    settings = {**fleet.stack.worker_environment(), **nowhere}

    with host.running(api, "worker.batch.handler", **settings):
        answer = api.invoke({"Records": records})

    assert answer.path == "invocation/request-1/response"
    assert answer.body == {
        "batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in records]
    }


def test_an_unknown_handler_is_an_init_error(host: Host, api: RuntimeApi) -> None:
    with host.running(api, "worker.batch.no_such_handler"):
        answer = api.answer()

    assert answer.path == "init/error"
    assert answer.body["errorType"] == "Runtime.HandlerNotFound"


def received(fleet: Fleet) -> list[dict[str, object]]:
    """Receive the live queue's messages, as records of a Lambda event."""
    arn = f"arn:aws:sqs:us-east-1:000000000000:{fleet.stack.live_queue}"
    messages = fleet.receive(fleet.stack.live_queue, hidden_for_seconds=INVOCATION_SECONDS)
    assert messages
    return [record(message, arn) for message in messages]


def runtime_client(folder: Path) -> Path:
    """Copy the runtime client out of our environment, without its other packages."""
    for name in RUNTIME_CLIENT:
        for file in found(name):
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), folder / file)
    return folder


def found(name: str) -> list[PackagePath]:
    """Return the files of a distribution; older clients need fewer of them."""
    try:
        return list(files(name) or ())
    except PackageNotFoundError:
        return []
