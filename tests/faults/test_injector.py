"""The injector injects exactly the faults that the other tests ask for."""

import pytest

from shared.cloud.errors import ConditionRefused, translated
from shared.model.errors import StorageUnavailable, Throttled
from tests.faults.delivery import Delivery
from tests.faults.injector import Injector
from tests.functional.conftest import SOURCES

pytestmark = pytest.mark.faults


def put(delivery: Delivery) -> object:
    return translated(
        lambda: delivery.world.clients.s3.put_object(Bucket=SOURCES, Key="a/b", Body=b"x"),
        stage="put",
    )


def count(delivery: Delivery) -> int:
    return delivery.world.clients.s3.list_objects_v2(Bucket=SOURCES)["KeyCount"]


def test_a_refused_call_has_no_effect(delivery: Delivery, injector: Injector) -> None:
    injector.refuse("PutObject", "SlowDown", status=503, calls=[1])

    with pytest.raises(Throttled):
        put(delivery)
    refused = count(delivery)
    put(delivery)

    assert (refused, count(delivery)) == (0, 1)
    assert injector.tried.count("PutObject") == 2


def test_a_call_whose_answer_is_lost_has_its_effect(
    delivery: Delivery, injector: Injector
) -> None:
    injector.lose("PutObject", calls=[1])

    with pytest.raises(StorageUnavailable, match="ReadTimeoutError"):
        put(delivery)

    assert count(delivery) == 1


def test_a_rule_is_for_the_calls_that_name_its_place(
    delivery: Delivery, injector: Injector
) -> None:
    injector.refuse("PutObject", "PreconditionFailed", status=412, where="elsewhere")
    put(delivery)
    injector.refuse("PutObject", "PreconditionFailed", status=412, where="a/b")

    with pytest.raises(ConditionRefused):
        put(delivery)
