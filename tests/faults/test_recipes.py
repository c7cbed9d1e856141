"""A changed recipe, and a source that is our own output."""

from copy import deepcopy
from typing import Any

import pytest

from shared.model.errors import Cause
from shared.model.outcome import Outcome
from tests.faults.conftest import MakeDelivery
from tests.faults.delivery import Delivery, cause, notification
from tests.faults.injector import Injector
from tests.functional.conftest import RECIPES, SOURCES, VARIANTS
from tests.support import images

pytestmark = pytest.mark.faults

KEY = "a.jpg"


def changed_recipes() -> object:
    """Return recipes whose first one lacks a rung, has a new one, and encodes differently."""
    recipes: Any = deepcopy(RECIPES)
    recipes["recipes"][0]["variants"][0] = {"widths": [48, 64], "formats": ["webp"]}
    return recipes


@pytest.mark.case(39)
def test_what_a_changed_recipe_drops_is_gone_before_a_page_gets_the_new_version(
    make_delivery: MakeDelivery, injector: Injector
) -> None:
    old, new = make_delivery(), make_delivery(changed_recipes())
    old.world.drop(KEY, images.jpeg())
    old.process(KEY)
    before = named(old)
    seen: list[tuple[set[str], set[str]]] = []

    def look() -> None:
        seen.append((named(new), new.world.stored_names(KEY) - {"manifest.json"}))

    for operation in ("PutObject", "DeleteObjects", "UpdateItem"):
        injector.on(operation, look, calls=range(1, 100))

    outcome = new.process(KEY)

    after = {"w48.webp", "w64.webp", "w64.fallback"}
    dropped = before - after
    assert outcome is Outcome.MADE
    assert dropped
    assert named(new) == new.world.stored_names(KEY) - {"manifest.json"} == after
    # The last call is the commit: only then the new manifest is public, and the rest is gone.
    assert seen[-1] == (after, after)
    assert {frozenset(names) for names, _ in seen[:-1]} == {frozenset(before)}
    assert all(stored >= before - dropped for _, stored in seen)


@pytest.mark.case(39)
def test_a_changed_recipe_that_fails_half_way_leaves_all_old_variants_in_place(
    make_delivery: MakeDelivery, injector: Injector
) -> None:
    old, new = make_delivery(), make_delivery(changed_recipes())
    old.world.drop(KEY, images.jpeg())
    old.process(KEY)
    injector.refuse("PutObject", "SlowDown", status=503, where="w64.fallback")

    (result,) = new.deliver(notification(KEY))
    missing = named(old) - old.world.stored_names(KEY)
    injector.mend()
    new.outlast_leases()
    (again,) = new.deliver(notification(KEY), receives=2)

    assert cause(result.outcome) is Cause.THROTTLED
    assert missing == set()
    assert again.outcome is Outcome.MADE
    assert new.world.stored_names(KEY) == {*named(new), "manifest.json"}


@pytest.mark.case(47)
def test_a_variant_that_was_dropped_as_a_source_is_refused_and_makes_nothing(
    delivery: Delivery,
) -> None:
    delivery.world.drop(KEY, images.jpeg())
    delivery.process(KEY)
    (own, *_) = [each for each in delivery.world.stored() if each.endswith(".webp")]
    delivery.world.clients.s3.copy_object(
        Bucket=SOURCES, Key=own, CopySource={"Bucket": VARIANTS, "Key": own}
    )
    before = set(delivery.world.stored())

    (result,) = delivery.deliver(notification(own))

    assert result.is_acknowledged
    assert cause(result.outcome) is Cause.OWN_OUTPUT
    assert set(delivery.world.stored()) == before


def named(delivery: Delivery) -> set[str]:
    """Return the names of all variants that the public manifest points to."""
    return {f"{each['name']}.{each['slot']}" for each in delivery.world.manifest(KEY)["variants"]}
