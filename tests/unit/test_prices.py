"""The dollars that `plan` and `backfill` show, against the cost model and docs/cost.md."""

from pathlib import Path

import pytest

from scripts.pixfleet.pricing import prices, rendering
from scripts.pixfleet.pricing.averages import DEFAULT_AVERAGES, total_dollars
from scripts.pixfleet.pricing.first_requests import first_request_dollars
from scripts.pixfleet.pricing.prices import Architecture
from scripts.pixfleet.pricing.rendering import (
    render_dollars,
    storage_dollars_a_month,
    vcpu_seconds,
)
from tests.bench import cost_model
from tests.bench.cost_model import Work
from tests.bench.cost_requests import first_request_bill

pytestmark = pytest.mark.unit

COST_PAGE = Path(__file__).parents[2] / "docs/cost.md"
# An existing source is not uploaded again, its message comes from `backfill` instead of
# EventBridge, and not every stack has a KMS key.
NOT_AGAIN = (
    "S3: the source's own upload",
    "EventBridge: the event of the source",
    "KMS, with bucket keys",
    "KMS for them, with bucket keys",
)


@pytest.mark.parametrize("architecture", Architecture)
def test_rendering_again_costs_what_the_cost_model_says(architecture: Architecture) -> None:
    parent = rendering.PARENT_GIGABYTE_SECONDS / prices.GIGABYTES_PER_VCPU
    log_bytes = rendering.LOG_BYTES - 0.1 * cost_model.LAMBDA_LOG_BYTES
    work = Work(1.5, parent, 0, 16, 2, 2, 1, log_bytes, 600_000, 7_000_000)

    found = render_dollars(1.5, 16, architecture)

    bill = [item for item in cost_model.bill(work, architecture) if item.what not in NOT_AGAIN]
    deleted_from_the_index = prices.WRITE.each
    expected = cost_model.total(bill) / prices.MILLION + deleted_from_the_index
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("architecture", Architecture)
def test_a_first_request_costs_what_the_cost_model_says(architecture: Architecture) -> None:
    found = first_request_dollars(0.3, architecture)

    bill = [item for item in first_request_bill(0.3, architecture) if item.what not in NOT_AGAIN]
    assert found == pytest.approx(cost_model.total(bill) / prices.MILLION)


def test_a_stack_without_figures_of_its_own_is_estimated_by_the_cost_page() -> None:
    page = COST_PAGE.read_text(encoding="utf-8")
    averages = DEFAULT_AVERAGES

    kilobytes = round(averages.variant_bytes / 1000)
    row = f"| {averages.cpu_seconds:.2f} | {averages.objects + 1:.0f} | {kilobytes} |"
    assert f"| the default recipe {row}" in page


def test_an_unknown_architecture_has_the_highest_price() -> None:
    known = [render_dollars(1.5, 16, architecture) for architecture in Architecture]

    assert render_dollars(1.5, 16, "") == max(known)


def test_keeping_variants_costs_what_the_cost_model_says() -> None:
    found = storage_dollars_a_month(600_000 * prices.MILLION)

    assert found == pytest.approx(cost_model.monthly(600_000))


def test_measured_constants_are_those_of_the_cost_page() -> None:
    page = COST_PAGE.read_text(encoding="utf-8")
    parent = f"{rendering.PARENT_GIGABYTE_SECONDS} GB-s"

    assert f"| Lambda: the parent, and waiting | {parent} |" in page
    assert f"| {rendering.LOG_BYTES / 1e9:.4g} GB |" in page


def test_vcpu_seconds_include_the_parent_process_and_waiting() -> None:
    assert 1.5 < vcpu_seconds(1.5) < 1.7


def test_an_image_costs_its_variants_and_its_manifest() -> None:
    objects = DEFAULT_AVERAGES.objects + 1

    expected = render_dollars(DEFAULT_AVERAGES.cpu_seconds, objects, "arm64")
    assert DEFAULT_AVERAGES.dollars("arm64") == expected


def test_many_images_cost_the_sum_of_each() -> None:
    one = total_dollars(1, 2.0, 5, "arm64")

    assert total_dollars(1000, 2000.0, 5, "arm64") == pytest.approx(1000 * one)


def test_no_images_cost_nothing() -> None:
    assert total_dollars(0, 0.0, 5, "arm64") == 0
