"""The worker over moto, with a clock and call failures that the test controls."""

from collections.abc import Callable, Iterator

import pytest

from shared.cloud.clients import Clients
from tests.faults.delivery import Delivery, delivery_of
from tests.faults.injector import Injector
from tests.functional.conftest import (
    World,
    _built_clients,
    _clients,
    _make_world,
    _render_pool,
    _world,
)
from tests.support.iam.fixtures import calls_are_allowed, recorded_calls

__all__ = [
    "_built_clients",
    "_clients",
    "_make_world",
    "_render_pool",
    "_world",
    "calls_are_allowed",
    "recorded_calls",
]

MakeDelivery = Callable[..., Delivery]


@pytest.fixture(name="make_delivery")
def _make_delivery(make_world: Callable[..., World]) -> Iterator[MakeDelivery]:
    made: list[Delivery] = []

    def make(*arguments: object, **environment: str) -> Delivery:
        made.append(delivery_of(make_world(*arguments, **environment)))
        return made[-1]

    yield make
    for delivery in made:
        delivery.stop()


@pytest.fixture(name="delivery")
def _delivery(make_delivery: MakeDelivery) -> Delivery:
    return make_delivery()


@pytest.fixture(name="injector")
def _injector(clients: Clients) -> Iterator[Injector]:
    injector = Injector(clients)
    yield injector
    injector.stop()
