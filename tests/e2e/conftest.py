"""MiniStack once for all, a stack of fresh names for each module, and a runner on request."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.ministack import running_ministack
from scripts.local.stack import create_stack
from scripts.pixfleet.stack.recipe_file import recipes_document
from tests.e2e.fleet import Fleet
from tests.e2e.processes import Runner, free_port

# Shorter than the worker's own back-off, and longer than any small image takes.
VISIBILITY_TIMEOUT_SECONDS = 20


@pytest.fixture(scope="session")
def endpoint_url() -> Iterator[str]:
    with running_ministack(free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def fleet(endpoint_url: str, request: pytest.FixtureRequest) -> Fleet:
    name = request.path.stem.removeprefix("test_").replace("_", "-")
    stack = create_stack(
        endpoint_url,
        recipes_document(),
        prefix=f"e2e-{name}",
        visibility_timeout_seconds=VISIBILITY_TIMEOUT_SECONDS,
    )
    return Fleet(stack)


@pytest.fixture(scope="module")
def runner_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runner") / "runner.log"


@pytest.fixture(scope="module")
def runner(fleet: Fleet, runner_log: Path) -> Iterator[Runner]:
    with Runner(fleet.stack, runner_log) as running:
        yield running
