from pathlib import Path

import pytest

from scripts.pixfleet.pricing import prices
from tests.bench import cost_model
from tests.bench.cost_model import Architecture, Work

pytestmark = pytest.mark.unit

COST_PAGE = Path(__file__).parents[2] / "docs/cost.md"
# A source that is there already is not uploaded, the line itself writes to the queue instead of
# EventBridge, and not every stack has a key.
NOT_AGAIN = (
    "S3: the source's own upload",
    "EventBridge: the event of the source",
    "KMS, with bucket keys",
)


@pytest.mark.parametrize("architecture", Architecture)
def test_a_source_made_again_costs_what_the_cost_model_says(architecture: Architecture) -> None:
    beside = prices.BESIDE_GIGABYTE_SECONDS / cost_model.VCPU_GIGABYTES
    log_bytes = prices.LOG_BYTES - 0.1 * cost_model.LAMBDA_LOG_BYTES
    work = Work(1.5, beside, 0, 16, 2, 2, 1, log_bytes, 600_000, 7_000_000)

    found = prices.making_again(1.5, 16, architecture)

    bill = [item for item in cost_model.bill(work, architecture) if item.what not in NOT_AGAIN]
    deleted_from_the_index = cost_model.WRITE.each
    expected = cost_model.total(bill) / cost_model.MILLION + deleted_from_the_index
    assert found == pytest.approx(expected)


def test_an_unknown_architecture_is_the_dearest() -> None:
    known = [prices.making_again(1.5, 16, architecture) for architecture in Architecture]

    assert prices.making_again(1.5, 16, "") == max(known)


def test_to_keep_variants_costs_what_the_cost_model_says() -> None:
    found = prices.keeping(600_000 * cost_model.MILLION)

    assert found == pytest.approx(cost_model.monthly(600_000))


def test_what_was_measured_beside_rendering_is_what_the_cost_page_says() -> None:
    page = COST_PAGE.read_text(encoding="utf-8")

    assert f"| Lambda: the parent, and waiting | {prices.BESIDE_GIGABYTE_SECONDS} GB-s |" in page
    assert f"| {prices.LOG_BYTES / 1e9:.4g} GB |" in page


def test_the_clock_counts_what_goes_on_beside_rendering() -> None:
    assert 1.5 < prices.seconds_a_source(1.5) < 1.7
