"""What holds for the tests of every tier."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from scripts.local.instance import HOST
from tests.support.service_models import service_models_read_once
from tests.support.size import SEED_VARIABLE, SIZE, SIZE_NAME, SIZE_VARIABLE
from tests.support.tiers import set_tiers

# A shared core makes any example slow now and then; pytest's own timeout catches what hangs.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_report_header() -> str:
    """Show how much the longest tests try, and what to type to repeat it."""
    return f"size: {SIZE} ({SIZE_VARIABLE}={SIZE_NAME} {SEED_VARIABLE}={SIZE.seed})"


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its tier; let those of e2e reach loopback and no real AWS."""
    set_tiers(items)
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("allow_hosts"):
            item.add_marker(pytest.mark.allow_hosts([HOST]))


@pytest.fixture(autouse=True, scope="session")
def _service_models() -> Iterator[None]:
    with service_models_read_once():
        yield
