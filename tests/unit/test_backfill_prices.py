import pytest

from scripts.backfill.prices import GIGABYTE_SECOND, MODEL, PUT, VCPU_GIGABYTES, cost
from tests.bench import cost_model
from tests.bench.cost_model import Architecture, Work, bill, total

pytestmark = pytest.mark.unit

# What docs/cost.md says that a source of 24 megapixels uses by the default recipe.
DOCUMENTED = Work(
    child_cpu_seconds=1.52,
    parent_cpu_seconds=0.06,
    idle_seconds=0.035,
    puts=16,
    gets=2,
    write_units=2,
    read_units=1,
    log_bytes=348,
    variant_bytes=601_000,
    source_bytes=7_410_000,
)


def test_the_prices_are_those_of_the_cost_model() -> None:
    assert {each.value: price.each for each, price in cost_model.SECOND.items()} == GIGABYTE_SECOND
    assert cost_model.PUT.each == PUT
    assert cost_model.VCPU_GIGABYTES == VCPU_GIGABYTES


@pytest.mark.parametrize("architecture", list(Architecture))
def test_an_image_costs_what_the_cost_model_says_but_its_upload(
    architecture: Architecture,
) -> None:
    uploaded = total(bill(DOCUMENTED, architecture)) / 1_000_000 - PUT

    estimated = MODEL.dollars(architecture.value)

    assert estimated == pytest.approx(uploaded, rel=0.01)


def test_what_many_images_cost_is_the_sum() -> None:
    one = cost(1, 2.0, 5, "arm64")

    assert cost(1000, 2000.0, 5, "arm64") == pytest.approx(1000 * one)
