"""Runs every contract on every engine, except where the tables of deviations say otherwise."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts.local.ministack import running_ministack
from tests.contracts.deviations import CANNOT_SHOW, DEVIATES
from tests.contracts.engines import Engine, Simulator, ministack, moto_clients
from tests.e2e.processes import free_port

TIERS = {
    "simulator": pytest.mark.faults,
    "moto": pytest.mark.faults,
    "ministack": pytest.mark.e2e,
}
# What a deviation looks like; anything else that goes wrong in such a test is an error of ours.
DEVIATION = (
    AssertionError,
    ClientError,
    KeyError,  # moto, of its own
    NotImplementedError,
    TypeError,  # moto, of its own
    pytest.fail.Exception,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each contract its engines.

    Where an engine is known to deviate, the contract must fail on it: should the engine be mended,
    the strict xfail turns red and the deviation is struck from the table.
    """
    if "engine" not in metafunc.fixturenames:
        return
    name = metafunc.function.__name__
    deviates, cannot_show = DEVIATES.get(name, {}), CANNOT_SHOW.get(name, {})
    metafunc.parametrize(
        "engine",
        [
            pytest.param(engine, marks=_pytest_marks(tier, deviates.get(engine)))
            for engine, tier in TIERS.items()
            if engine not in cannot_show
        ],
        indirect=True,
    )


def _pytest_marks(tier: pytest.MarkDecorator, deviation: str | None) -> list[pytest.MarkDecorator]:
    if deviation is None:
        return [tier]
    return [tier, pytest.mark.xfail(strict=True, raises=DEVIATION, reason=deviation)]


@pytest.fixture(name="ministack", scope="session")
def _ministack() -> Iterator[Engine]:
    with running_ministack(free_port()) as url:
        yield ministack(url)


@pytest.fixture(name="moto", scope="session")
def _moto() -> Iterator[Engine]:
    with moto_clients() as engine:
        yield engine


@pytest.fixture(name="engine")
def _engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "simulator":
        yield Simulator()
    elif request.param == "moto":
        with mock_aws():
            yield request.getfixturevalue("moto")
    else:
        yield request.getfixturevalue("ministack")
