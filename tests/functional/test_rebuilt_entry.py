"""An entry that is composed from the bucket equals the one that the worker wrote."""

from collections.abc import Callable

import pytest

from scripts.pixfleet.verify.rebuild import Rebuild, RebuildContext
from scripts.pixfleet.verify.rebuilt_entry import RebuildOutcome
from shared.cloud.items import from_item
from shared.model.outcome import Outcome
from shared.model.state import CurrentRecipes, StateKind, assess
from tests.functional.conftest import TABLE, World, with_limits
from tests.functional.test_lazy_upload import ON_DEMAND, RECIPES, drawing
from tests.support import images
from tests.support.lazy_variants import store_lazily

pytestmark = pytest.mark.functional

KEY = "a.jpg"
# Only a worker knows these.
OF_WORKERS = {
    "told_by",
    "updated_at",
    "done_token",
    "served_token",
    "cpu_seconds",
    "total_seconds",
}
PICTURES = {
    "wider than every rung": images.jpeg((400, 300)),
    "narrower than two rungs": images.jpeg((120, 90)),
    "a drawing, exact in the avif slot": drawing(),
    "an animation, which has no lazy files": images.animated_gif((90, 60)),
}


@pytest.fixture(name="world")
def _world(make_world: Callable[..., World]) -> World:
    """Return a stack with a renderer, for which no picture here is too costly."""
    return with_limits(make_world(RECIPES, **ON_DEMAND), on_demand_cpu_seconds=1e9)


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_a_rebuilt_entry_is_that_of_the_worker(world: World, data: bytes) -> None:
    world.drop(KEY, data)
    assert world.process(KEY) is Outcome.MADE
    if not world.ledger.read(KEY).is_all_eager:
        store_lazily(world.ledger, world.clients.s3, "variants", KEY, "w80.webp")
    written = from_item(world.item(KEY))
    world.clients.dynamodb.delete_item(TableName=TABLE, Key={"key": {"S": KEY}})
    recipes = CurrentRecipes(
        world.context.recipes, lambda recipe: recipe.fingerprint, on_demand=True
    )

    context = RebuildContext(world.clients.s3, world.objects, world.ledger, recipes)
    outcome = Rebuild(context).rebuild(KEY)

    assert outcome is RebuildOutcome.REBUILT
    rebuilt = from_item(world.item(KEY))
    passing = {*OF_WORKERS, "claim_token"}
    assert {name: value for name, value in rebuilt.items() if name not in passing} == {
        name: value for name, value in written.items() if name not in passing
    }
    source = world.objects.head(KEY)
    assert assess(KEY, world.ledger.read(KEY), source, recipes).kind is StateKind.CURRENT
