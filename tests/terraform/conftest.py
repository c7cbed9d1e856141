"""One copy of the stack, and one verdict a folder, two folders at a time."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.local.terraform import NoProvider, program
from tests.terraform.program import Terraform, Verdict, set_up


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
def verdicts(
    terraform: Terraform, request: pytest.FixtureRequest
) -> Iterator[Mapping[Path, Future[Verdict]]]:
    """Start on every folder that this session asks about."""
    wanted = [
        Path(folder) for folder in {_folder_of(item) for item in request.session.items} - {""}
    ]
    # Terraform and the provider take a gigabyte.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        yield {folder: pool.submit(terraform.judge, folder) for folder in wanted}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def verdict(verdicts: Mapping[Path, Future[Verdict]], folder: Path) -> Verdict:
    return verdicts[folder].result()


def _folder_of(item: pytest.Item) -> str:
    """Return the folder whose verdict a test asks for, nothing if it asks for none."""
    if not isinstance(item, pytest.Function) or "verdict" not in item.fixturenames:
        return ""
    return str(item.callspec.params["folder"])
