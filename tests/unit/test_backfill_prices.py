import pytest

from scripts.pixfleet.pricing.averages import MODEL, cost
from scripts.pixfleet.pricing.prices import making_again

pytestmark = pytest.mark.unit


def test_an_image_costs_its_variants_and_its_manifest() -> None:
    assert MODEL.dollars("arm64") == making_again(MODEL.cpu_seconds, MODEL.objects + 1, "arm64")


def test_what_many_images_cost_is_the_sum() -> None:
    one = cost(1, 2.0, 5, "arm64")

    assert cost(1000, 2000.0, 5, "arm64") == pytest.approx(1000 * one)


def test_no_images_cost_nothing() -> None:
    assert cost(0, 0.0, 5, "arm64") == 0
