"""One copy of the stack, one check of each folder, and the engines of the edge functions."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.local.terraform import NoProvider, program
from tests.terraform.edge_engines import EdgeEngine, EdgeNjs, EdgeNode, NoNjs
from tests.terraform.planned import Resources, alarms_module
from tests.terraform.program import FolderCheck, Terraform, set_up


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    found = program()
    assert found, "test_modules.py is skipped without it"
    try:
        return set_up(found, tmp_path_factory.mktemp("stack"))
    except NoProvider as trouble:
        why = str(trouble)
    if os.environ.get("CI") or os.environ.get("TF_PLUGIN_DIR"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why.splitlines()[0])


@pytest.fixture(scope="session")
def alarm_runs(terraform: Terraform) -> Mapping[str, Resources]:
    """Return what each run of the alarms module's tests plans."""
    return alarms_module(terraform)


@pytest.fixture(scope="session")
def checks(
    terraform: Terraform, request: pytest.FixtureRequest
) -> Iterator[Mapping[Path, Future[FolderCheck]]]:
    """Start the checks of all folders that this session tests."""
    wanted = [
        Path(folder) for folder in {_folder_of(item) for item in request.session.items} - {""}
    ]
    # Terraform and the provider need a gigabyte each time.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        yield {folder: pool.submit(terraform.check, folder) for folder in wanted}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def check(checks: Mapping[Path, Future[FolderCheck]], folder: Path) -> FolderCheck:
    return checks[folder].result()


def _folder_of(item: pytest.Item) -> str:
    """Return the folder whose check a test uses, or an empty string."""
    if not isinstance(item, pytest.Function) or "check" not in item.fixturenames:
        return ""
    return str(item.callspec.params["folder"])


@pytest.fixture(scope="session")
def njs() -> EdgeNjs:
    try:
        return EdgeNjs()
    except NoNjs as trouble:
        words = str(trouble)
    if os.environ.get("CI"):
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


@pytest.fixture(scope="session")
def node() -> Iterator[EdgeNode]:
    with EdgeNode() as running:
        yield running


@pytest.fixture(params=["node", "njs"])
def engine(request: pytest.FixtureRequest) -> EdgeEngine:
    found: EdgeEngine = request.getfixturevalue(request.param)
    return found
