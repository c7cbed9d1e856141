"""What holds for the tests of every tier."""

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from scripts.local.instance import HOST
from tests.support.iam.usage import Usage
from tests.support.service_models import service_models_read_once
from tests.support.size import PUSH, SEED_VARIABLE, SIZE, SIZE_NAME, SIZE_VARIABLE
from tests.support.tiers import refuse_files_without_tier, set_tiers
from tests.support.update_expressions import update_expressions_checked_once
from tests.support.xdist_lanes import rank, worker_count

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.support.scheduling import TwoLanes

# Terraform and its provider are written in Go: with fewer garbage collections they take a quarter
# less CPU time, and twice the memory, 0.5 GB each. https://go.dev/doc/gc-guide#GOGC
os.environ.setdefault("GOGC", "400")

# A shared core makes any example slow now and then; pytest's own timeout catches what hangs.
# A push tries the same examples each time, as it tries the same schedules; a nightly run new ones.
settings.register_profile("ours", deadline=None, derandomize=SIZE_NAME == PUSH)
settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    """Compare at the end which permissions the tests needed."""
    config.pluginmanager.register(Usage())
    gc.disable()  # until `pytest_runtestloop`: what is imported and collected stays


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Leave out what was imported and collected from all later garbage collections."""
    gc.freeze()
    gc.enable()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse a run that would leave a test file out of every tier."""
    refuse_files_without_tier(session.config.rootpath)


def pytest_report_header() -> str:
    """Show how much the longest tests try, and what to type to repeat it."""
    return f"size: {SIZE} ({SIZE_VARIABLE}={SIZE_NAME} {SEED_VARIABLE}={SIZE.seed})"


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its tier; let those of e2e reach loopback and no real AWS."""
    set_tiers(items)
    items.sort(key=lambda item: rank(item.nodeid))
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("allow_hosts"):
            item.add_marker(pytest.mark.allow_hosts([HOST]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return what `-n auto` stands for."""
    return worker_count()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "TwoLanes | None":
    """Distribute the tests by files and lanes, unless `--dist` asks for another way."""
    if config.option.dist != "load":
        return None
    from tests.support.scheduling import two_lanes  # noqa: PLC0415 - xdist only where it runs

    return two_lanes(config, log)


@pytest.fixture(autouse=True, scope="session")
def _quick_aws() -> Iterator[None]:
    with service_models_read_once(), update_expressions_checked_once():
        yield
