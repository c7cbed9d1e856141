"""What lazy files save, as `pixfleet plan` estimates it."""

from dataclasses import replace

import pytest

from scripts.pixfleet.plan.lazy import LazyEstimate, LazyFile, LazyTrial, estimate_lazy
from scripts.pixfleet.pricing.first_requests import (
    READERS,
    first_request_dollars,
    readers_of,
    share_asked_for,
)
from scripts.pixfleet.pricing.prices import MILLION
from scripts.pixfleet.pricing.rendering import render_dollars
from shared.model.recipe import Slot

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot

WEBP_RUNG = LazyFile("w640", WEBP, cpu_seconds=0.14, readers=0.014, variants=6)
# The default recipe's figures for a source of 24 megapixels.
TRIAL = LazyTrial(1.52, 15, upload_cpu_seconds=0.98, files=(WEBP_RUNG,) * 6)


def estimated(trial: LazyTrial = TRIAL, requests: float = 100) -> LazyEstimate:
    found = estimate_lazy([trial], requests, "arm64")
    assert found is not None
    return found


@pytest.mark.parametrize("cpu_seconds", [0.10, 0.37])
def test_a_million_first_requests_cost_about_twenty_dollars(cpu_seconds: float) -> None:
    assert 17 < first_request_dollars(cpu_seconds) * MILLION < 27


@pytest.mark.parametrize(
    ("slot", "slots", "share"),
    [
        (AVIF, (AVIF, WEBP, FALLBACK), 0.95),
        (WEBP, (AVIF, WEBP, FALLBACK), 0.014),
        (FALLBACK, (AVIF, WEBP, FALLBACK), 0.036),
        (WEBP, (AVIF, WEBP), 0.05),
        (WEBP, (WEBP, FALLBACK), 0.964),
        (FALLBACK, (AVIF, FALLBACK), 0.05),
        (FALLBACK, (FALLBACK,), 1),
        (AVIF, (AVIF,), 1),
    ],
)
def test_readers_get_the_best_slot_that_they_take(
    slot: Slot, slots: tuple[Slot, ...], share: float
) -> None:
    assert readers_of(slot, slots) == pytest.approx(share)


def test_every_reader_is_counted_once() -> None:
    assert sum(READERS.values()) == pytest.approx(1)


def test_more_requests_ask_for_more_files_but_never_for_more_than_all() -> None:
    shares = [share_asked_for(requests, 0.014, 6) for requests in (0, 1, 100, 1_000, 1e9)]

    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[1] == pytest.approx(0.014 / 6, rel=0.01)
    assert shares[-1] == 1


def test_unasked_for_files_save_their_encodes_and_their_objects() -> None:
    never, *_ = estimated(requests=0).costs

    assert never.eager_dollars == pytest.approx(MILLION * render_dollars(1.52, 16))
    assert never.lazy_dollars == pytest.approx(MILLION * render_dollars(0.98, 10))
    assert never.asked_for == 0
    assert never.saved_dollars > 40


def test_lazy_costs_as_much_as_eager_at_the_break_even() -> None:
    estimate = estimated()

    share = estimate.break_even
    first = MILLION * 6 * first_request_dollars(0.14)
    assert 0.3 < share < 0.6
    never = estimated(requests=0).costs[0]
    assert never.lazy_dollars + share * first == pytest.approx(never.eager_dollars)


def test_lazy_loses_where_everything_is_asked_for() -> None:
    popular = replace(TRIAL, files=tuple(replace(each, readers=0.95) for each in TRIAL.files))

    costs = estimated(popular, requests=1_000).costs

    assert [each.requests for each in costs] == [100, 1_000, 10_000]
    assert costs[1].asked_for > 0.99
    assert costs[1].saved_dollars < 0


def test_files_are_counted_for_the_mean_source() -> None:
    estimate = estimate_lazy([TRIAL, replace(TRIAL, files=TRIAL.files[:4])], 100, "arm64")

    assert estimate is not None
    assert (estimate.files, estimate.all_files) == (5, 15)
    assert estimate.document()["lazy_files"] == 5


def test_there_is_no_estimate_without_lazy_files() -> None:
    assert estimate_lazy([], 100, "arm64") is None
